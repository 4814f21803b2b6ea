// Changes from the page, with the keyboard alone: rotating, running, signing in with a key; and the traces that must not remain.
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import type { Visit } from "../../../test/browser.ts";
import { recordOf } from "../../../test/page-records.ts";
import { type PageServer, pageServer } from "../../../test/page-server.ts";
import { toolAvailable } from "../../../test/require-tool.ts";
import { useBrowser } from "../../../test/use-browser.ts";
import type { TokenConfig } from "../../core/model/schema.ts";

const READER = "canary-key-reader";
const ROTATOR = "canary-key-rotator";
const OTHER = "canary-key-other";
const KEYS = { [READER]: ["read"], [ROTATOR]: ["read", "rotate", "reveal"], [OTHER]: ["generate"] };

/** Waits for an effect that may take a busy machine some time. */
const soon = <Value>(look: () => Promise<Value>) => expect.poll(look, { timeout: 240_000 });

const { visit, closing } = useBrowser();

async function arrive(
  config: TokenConfig,
  keys: Readonly<Record<string, readonly string[]>> = {},
): Promise<Visit & { server: PageServer; answers: string[] }> {
  const server = await pageServer(config, keys);
  const visitor = await visit();
  closing.push(server.close, async () => {
    await visitor.close();
    expect(visitor.complaints).toEqual([]);
  });
  const answers: string[] = [];
  visitor.page.on("response", (response) => {
    if (response.request().method() === "POST")
      void response.text().then((text) => answers.push(text));
  });
  await visitor.page.goto(server.url);
  return { ...visitor, server, answers };
}

const focused = (page: Page) =>
  page.evaluate(
    () =>
      document.activeElement?.getAttribute("aria-label") ??
      document.activeElement?.textContent ??
      "",
  );

/** Presses the tab key until the focused element has that name. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press("Tab");
    if ((await focused(page)) === name) return;
  }
  throw new Error(`the tab key does not lead to ${name}`);
}

const said = (page: Page) => page.locator("#said").textContent();
const kept = (page: Page) =>
  page.evaluate(() =>
    JSON.stringify([{ ...sessionStorage }, { ...localStorage }, document.cookie]),
  );

async function enter(page: Page, key: string): Promise<void> {
  await page.getByLabel("API key").fill(key);
  await page.keyboard.press("Enter");
}

describe.skipIf(!toolAvailable("chromium"))("on this machine", () => {
  test("a rotation by the keyboard: asked, cancelled, asked again, done, and no value is sent to the page", async () => {
    const { page, server, requests, answers } = await arrive(recordOf(14));
    const before = (await server.record()).state?.tokens?.SIGNING_KEY?.current?.generation;
    await page.keyboard.press("Tab");
    expect(await focused(page)).toBe("Skip to the content");
    await page.keyboard.press("Enter");
    await tabTo(page, "Rotate SIGNING_KEY");
    await page.keyboard.press("Enter");
    expect([
      await page.getByRole("dialog", { name: "Rotate SIGNING_KEY?" }).isVisible(),
      await focused(page),
    ]).toEqual([true, "Cancel"]);
    await page.keyboard.press("Escape");
    expect([await page.getByRole("dialog").count(), await focused(page)]).toEqual([
      0,
      "Rotate SIGNING_KEY",
    ]);
    expect(requests.filter((request) => request.startsWith("POST"))).toEqual([]);

    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    expect(await focused(page)).toBe("Rotate");
    await page.keyboard.press("Enter");
    await soon(() => said(page)).toBe("SIGNING_KEY was rotated.");
    expect((await server.record()).state?.tokens?.SIGNING_KEY?.current?.generation).toBe(
      (before ?? 0) + 1,
    );
    expect(requests.filter((request) => request.startsWith("POST"))).toEqual([
      "POST /tokens/rotate",
    ]);
    expect(answers).toHaveLength(1);
    expect(answers.join()).not.toContain("new_token");
    expect(await kept(page)).toBe('[{},{},""]');
    await soon(() => page.getByRole("heading", { level: 1 }).textContent()).toBe(
      "7 of 14 tokens need attention",
    );
    expect(await focused(page)).toBe("Rotate SIGNING_KEY");
  });

  test("a workflow is run after the same question", async () => {
    const { page, requests } = await arrive(recordOf(3));
    await page.getByRole("button", { name: "Run by_hand" }).click();
    expect(await page.locator("#ask-more").textContent()).toBe(
      "All its 3 tokens are rotated now, whatever the schedule says.",
    );
    await page.getByRole("dialog").getByRole("button", { name: "Run" }).dblclick();
    await soon(() => said(page)).toBe("by_hand: 3 rotated.");
    expect(requests.filter((request) => request.startsWith("POST"))).toEqual([
      "POST /tokens/workflow/run",
    ]);
  });

  test("a refusal appears in the dialog, with the hint, and cannot be sent again from there", async () => {
    const { page, server } = await arrive({ version: 1, tokens: { API_KEY: {} } });
    // Meanwhile another person removes it from the record.
    await server.replace({
      version: 1,
      tokens: { API_KEYS: {} },
      rules: { API_KEY: { interval_hours: 0 } },
    });
    await page.getByRole("button", { name: "Rotate API_KEY" }).first().click();
    await page.getByRole("dialog").getByRole("button", { name: "Rotate" }).click();
    await soon(() => page.getByRole("alert").textContent()).toMatch(
      /^token_config.json has 2 mistakes\. .* Nothing was changed\. .*API_KEY/,
    );
    expect([await page.locator("#ask-yes").isVisible(), await focused(page)]).toEqual([
      false,
      "Cancel",
    ]);
  });

  test("a missing answer is reported as such, and a second try makes the change once", async () => {
    const { page, server } = await arrive(recordOf(1));
    const generation = async () =>
      (await server.record()).state?.tokens?.API_KEY?.current?.generation;
    const before = (await generation()) ?? 0;
    // The request arrives; its answer gets lost on the way.
    await page.route("**/tokens/rotate", async (route) => {
      await route.fetch();
      await route.abort();
    });
    await page.getByRole("button", { name: "Rotate API_KEY" }).first().click();
    await page.getByRole("dialog").getByRole("button", { name: "Rotate" }).click();
    await soon(() => page.getByRole("alert").textContent()).toMatch(
      /^No answer came. The change may have happened all the same/,
    );
    expect([await generation(), await focused(page)]).toEqual([before + 1, "Cancel"]);
    await page.unroute("**/tokens/rotate");
    await page.getByRole("button", { name: "Try again" }).click();
    await soon(() => said(page)).toBe("API_KEY was rotated.");
    expect(await generation()).toBe(before + 1);
  });
});

describe.skipIf(!toolAvailable("chromium"))("if keys are needed", () => {
  test("without one the page shows nothing from the record", async () => {
    const { page, requests } = await arrive(recordOf(14), KEYS);
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("Sign in");
    expect(await page.content()).not.toContain("SIGNING_KEY");
    expect(requests).toEqual(["GET /"]);
  });

  test("a wrong key is refused, one that may only read gets no buttons, and no key remains", async () => {
    const { page, requests } = await arrive(recordOf(14), KEYS);
    await enter(page, "canary-key-wrong");
    await soon(() => page.getByRole("alert").textContent()).toBe(
      "That key is unknown or has expired.",
    );
    await enter(page, READER);
    await soon(() => page.getByRole("heading", { level: 1 }).textContent()).toBe(
      "8 of 14 tokens need attention",
    );
    expect(await page.getByRole("button", { name: /^(?:Rotate|Run)/ }).count()).toBe(0);
    expect([await kept(page), await page.content(), ...requests].join()).not.toContain("canary");
    await page.reload();
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("Sign in");
  });

  test("a key without the scope gets its name", async () => {
    const { page } = await arrive(recordOf(14), KEYS);
    await enter(page, OTHER);
    await soon(() => page.getByRole("heading", { level: 1 }).textContent()).toBe("Forbidden");
    expect(await page.getByRole("main").textContent()).toContain("this route needs the scope read");
  });

  test("a key that is kept in the tab lasts over a reload, until the person signs out", async () => {
    const { page } = await arrive(recordOf(300), KEYS);
    await page.getByLabel("Keep it in this tab").check();
    await enter(page, READER);
    await soon(() => page.getByRole("heading", { level: 1 }).textContent()).toContain(
      "need attention",
    );
    await page.reload();
    await soon(() => page.getByRole("heading", { level: 1 }).textContent()).toContain(
      "need attention",
    );
    await page.getByRole("button", { name: "Sign out" }).click();
    await soon(() => page.getByRole("heading", { level: 1 }).textContent()).toBe("Sign in");
    expect(await kept(page)).toBe('[{},{},""]');
  });

  test("with a key the links within the page work, and so does going back", async () => {
    const { page } = await arrive(recordOf(300), KEYS);
    await enter(page, READER);
    await page
      .getByRole("navigation", { name: "Pages of tokens" })
      .getByRole("link", { name: "Next" })
      .click();
    await soon(() => page.locator("#count").textContent()).toBe("300 tokens, 51–100 shown");
    expect([new URL(page.url()).search, await focused(page)]).toEqual(["?page=2", "Tokens"]);
    await page.goBack();
    await soon(() => page.locator("#count").textContent()).toBe("300 tokens, 1–50 shown");
    await page.getByRole("link", { name: "Refresh" }).click();
    await soon(() => page.evaluate(() => document.activeElement?.id)).toBe("main");
    expect(await page.evaluate(() => scrollY)).toBeLessThan(100);
  });

  test("a rotation carries the key, and shows no value even to a caller who may see it", async () => {
    const { page, answers, server } = await arrive(recordOf(14), KEYS);
    await enter(page, ROTATOR);
    await page.getByRole("button", { name: "Rotate SIGNING_KEY", exact: true }).first().click();
    await page.getByRole("dialog").getByRole("button", { name: "Rotate" }).click();
    await soon(() => said(page)).toBe("SIGNING_KEY was rotated.");
    await page.getByRole("heading", { level: 1 }).click();
    expect(await said(page)).toBe("");
    expect(answers.join()).not.toContain("new_token");
    expect((await server.history()).at(-1)?.triggered_by).toMatchObject({
      kind: "api",
      actor: "key-1",
    });
  });
});
