// The page of a host in a browser: from a copy while GitHub is down, and with a run that is started on GitHub and followed.
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import axe, { type AxeResults } from "axe-core";
import type { Page } from "playwright-core";
import { beforeEach, describe, expect, test } from "vitest";
import { ROUTES } from "../../../functions/hosts/routes.ts";
import {
  DEFAULT_REPOSITORY,
  DEFAULT_TOKEN,
  startGitHub,
  type TestGitHub,
} from "../../../test/github/server.ts";
import { listen } from "../../../test/http-servers.ts";
import { toolAvailable } from "../../../test/require-tool.ts";
import { useBrowser } from "../../../test/use-browser.ts";
import { rotationWorkflow, WORKFLOW_PATH } from "../../cli/commands/starter.ts";
import { createMemory } from "../access/memory.ts";
import { hostEdge } from "../access/open-edge.ts";
import { createRouter } from "../server/router.ts";

const KEY = "canary-key";
const RECORD = JSON.stringify({ version: 1, tokens: { ALPHA: {} } });
const FILES = {
  "token_config.json": RECORD,
  [WORKFLOW_PATH]: rotationWorkflow("token_config.json"),
};
const DOWN = {
  match: {},
  times: Number.POSITIVE_INFINITY,
  action: { kind: "status", status: 503 },
} as const;
const soon = <Value>(look: () => Promise<Value>) => expect.poll(look, { timeout: 240_000 });

const { visit, closing } = useBrowser();
let github: TestGitHub;
let now: Date;
beforeEach(async () => {
  now = new Date();
  github = await startGitHub({ repositories: [{ fullName: DEFAULT_REPOSITORY, files: FILES }] });
  closing.push(github.close);
});

/** A visitor with the key, who must see no error in the end. */
async function arrive(): Promise<Page> {
  const sha256 = createHash("sha256").update(KEY).digest("hex");
  const env = {
    TOKEN_AUTOMATION_REPOSITORY: DEFAULT_REPOSITORY,
    TOKEN_AUTOMATION_API_KEYS: JSON.stringify([
      { id: "dashboard", sha256, scopes: ["read", "rotate"] },
    ]),
    GITHUB_TOKEN: DEFAULT_TOKEN,
    GITHUB_API_URL: github.url,
  };
  const edge = hostEdge(env, createMemory(), () => now);
  const server = createServer(
    getRequestListener(createRouter(ROUTES, () => edge).fetch, { overrideGlobalObjects: false }),
  );
  const { url, close } = await listen(server);
  const visitor = await visit();
  closing.push(close, async () => {
    await visitor.close();
    expect(visitor.complaints).toEqual([]);
  });
  const { page } = visitor;
  await page.clock.install();
  await page.goto(`${url}/`);
  await page.getByLabel("API key").fill(KEY);
  await page.keyboard.press("Enter");
  await soon(() => page.getByRole("heading", { level: 1 }).textContent()).toContain("1 of 1 token");
  return page;
}

async function faults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations }: AxeResults = await page.evaluate("axe.run()");
  return violations.map(({ id }) => id);
}

const told = (page: Page) => page.locator("#ask-run").textContent();

describe.skipIf(!toolAvailable("chromium"))("a host's page", () => {
  test("says that it shows a copy, its age and the reason; and no longer when GitHub answers again", async () => {
    const page = await arrive();
    expect(await page.locator("#stale").count()).toBe(0);
    github.faults.add(DOWN);
    now = new Date(now.getTime() + 5 * 60_000);
    await page.getByRole("link", { name: "Refresh" }).click();
    await soon(() => page.locator("#stale").count()).toBe(1);
    expect(await page.locator("#stale").textContent()).toMatch(
      /^This is a copy of the record from \d{4}-\d\d-\d\d \d\d:\d\dZ, 5 min old: GitHub gives no answer\. /,
    );
    github.faults.clear();
    now = new Date(now.getTime() + 60_000);
    await page.getByRole("link", { name: "Refresh" }).click();
    await soon(() => page.locator("#stale").count()).toBe(0);
  });

  test.each([
    ["success", "ALPHA: the run ended with success; the record's history has no entry for it."],
    [
      "failure",
      "ALPHA: the run ended with failure; the record's history has no entry for it. Its log on GitHub says why.",
    ],
  ])("follows the run that it started to its end: %s", async (conclusion, last) => {
    const page = await arrive();
    await page.getByRole("button", { name: "Rotate ALPHA", exact: true }).first().click();
    await page.getByRole("dialog").getByRole("button", { name: "Rotate" }).click();
    await soon(() => told(page)).toBe("ALPHA: the run is started.");
    const [run] = github.repository().actions.runs;
    if (run === undefined) throw new Error("no run was started");
    expect(await page.getByRole("link", { name: "The run on GitHub" }).getAttribute("href")).toBe(
      run.url,
    );
    const look = async () => {
      await page.clock.runFor(1_000);
      return told(page);
    };
    await soon(look).toBe("ALPHA: the run is queued and has not begun.");
    run.status = "in_progress";
    await soon(look).toBe("ALPHA: the run is under way.");
    run.status = "completed";
    run.conclusion = conclusion;
    await soon(look).toBe(last);
    await page.getByRole("button", { name: "Close" }).click();
    await soon(() => page.locator("#said").textContent()).toBe(last);
    expect(await page.getByRole("dialog").count()).toBe(0);
    await soon(() =>
      page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? ""),
    ).toBe("Rotate ALPHA");
  });

  test("is as accessible with the note and while a run is followed", async () => {
    const page = await arrive();
    await page.getByRole("button", { name: "Rotate ALPHA", exact: true }).first().click();
    await page.getByRole("dialog").getByRole("button", { name: "Rotate" }).click();
    await soon(() => told(page)).toBe("ALPHA: the run is started.");
    expect(await faults(page)).toEqual([]);
  });
});
