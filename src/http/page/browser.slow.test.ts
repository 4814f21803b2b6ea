// The page in a browser: its requests, its protection, and its accessibility.
import type { AxeResults } from "axe-core";
import axe from "axe-core";
import type { BrowserContextOptions, Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import type { Visit } from "../../../test/browser.ts";
import { entriesOf, HOSTILE, recordOf } from "../../../test/page-records.ts";
import { type PageServer, pageServer } from "../../../test/page-server.ts";
import { toolAvailable } from "../../../test/require-tool.ts";
import { useBrowser } from "../../../test/use-browser.ts";
import type { HistoryEntry, TokenConfig } from "../../core/model/schema.ts";

const PHONE = { width: 320, height: 640 };
const SCHEMES = ["light", "dark"] as const;

const { visit, closing } = useBrowser();

async function serve(
  config: TokenConfig,
  keys: Readonly<Record<string, readonly string[]>> = {},
  history: readonly HistoryEntry[] = [],
): Promise<PageServer> {
  const server = await pageServer(config, keys, history);
  closing.push(server.close);
  return server;
}

/** A visitor who must see no error, no violation of the policy and no dialog in the end. */
async function arrive(url: string, options: BrowserContextOptions = {}): Promise<Visit> {
  const visitor = await visit(options);
  closing.push(async () => {
    await visitor.close();
    expect(visitor.complaints).toEqual([]);
  });
  await visitor.page.goto(url);
  return visitor;
}

/** The faults that axe finds, each with its place. */
async function faults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations }: AxeResults = await page.evaluate("axe.run()");
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target }) => `${id}: ${target.join(" ")}`),
  );
}

const sideways = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

describe.skipIf(!toolAvailable("chromium"))("in a browser", () => {
  test("one request brings all of it", async () => {
    const { url } = await serve(recordOf(100));
    const { page, requests } = await arrive(url);
    await page.waitForLoadState("networkidle");
    expect(requests).toEqual(["GET /"]);
    expect(await page.title()).toMatch(/^\(\d+\) Tokens – token-automation$/);
  });

  describe.each(SCHEMES)(
    "in %s colours, axe finds nothing wrong and nothing lies outside the window",
    (colorScheme) => {
      test.each([
        ["few tokens", recordOf(14), {}],
        ["hundreds of tokens", recordOf(300), {}],
        ["hostile texts", recordOf(64, HOSTILE), {}],
        ["few tokens on a phone", recordOf(14), { viewport: PHONE }],
        ["hostile texts on a phone", recordOf(64, HOSTILE), { viewport: PHONE }],
        ["no token", recordOf(0), { viewport: PHONE }],
      ] as const)("%s", async (_what, config, options) => {
        const { url } = await serve(config);
        const { page } = await arrive(url, { colorScheme, ...options });
        expect(await faults(page)).toEqual([]);
        expect(await sideways(page)).toBe(0);
      });

      test("the question, the sign-in form, and a failure", async () => {
        const { url } = await serve(recordOf(14));
        const { page } = await arrive(url, { colorScheme, viewport: PHONE });
        await page.getByRole("button", { name: "Rotate API_KEY", exact: true }).first().click();
        expect(await faults(page)).toEqual([]);
        await page.goto(`${url}/?nonsense=1`);
        expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("Bad Request");
        expect(await faults(page)).toEqual([]);
        const hosted = await serve(recordOf(3), { secret: ["read"] });
        await page.goto(hosted.url);
        expect(await faults(page)).toEqual([]);
        expect(await sideways(page)).toBe(0);
      });
    },
  );

  test("axe finds a fault", async () => {
    const { url } = await serve(recordOf(1));
    const { page } = await arrive(url);
    await page.evaluate(() =>
      document
        .querySelector("label:has(select)")
        ?.replaceWith(document.querySelector("#filter select") ?? ""),
    );
    expect(await faults(page)).toEqual([expect.stringMatching(/^select-name: /)]);
  });

  test("texts of other people stay texts", async () => {
    const { url } = await serve(recordOf(64, HOSTILE), {}, entriesOf(64, HOSTILE));
    const { page, requests } = await arrive(url);
    await page.getByRole("row").last().hover();
    for (const text of HOSTILE.slice(0, 5))
      expect(await page.getByText(text).count()).toBeGreaterThan(0);
    expect(
      await page.locator("img, iframe, [onerror], [onmouseover], a[href^='javascript']").count(),
    ).toBe(0);
    expect(requests).toEqual(["GET /"]);
  });

  test("the policy stops a script or an image that is put into the page all the same", async () => {
    const { url } = await serve(recordOf(1));
    const visitor = await visit();
    closing.push(visitor.close);
    await visitor.page.goto(url);
    const refused = await visitor.page.evaluate(() => {
      const script = document.createElement("script");
      const stopped: string[] = [];
      for (const attempt of [
        () => (script.textContent = "window.ran = true"),
        () => (document.body.innerHTML = "<b>x</b>"),
      ])
        try {
          attempt();
        } catch (error) {
          stopped.push(String(error).slice(0, 9));
        }
      document.body.append(script);
      const image = document.createElement("img");
      image.src = "/tokens/badge.svg";
      document.body.append(image);
      return { stopped, ran: "ran" in window };
    });
    expect(refused).toEqual({ stopped: ["TypeError", "TypeError"], ran: false });
    await expect
      .poll(() => visitor.complaints.join("\n"), { timeout: 240_000 })
      .toMatch(/Loading the image .* violates the following Content Security Policy/);
  });

  test("without a script everything can be read and filtered, and the page offers nothing that would not work", async () => {
    const { url } = await serve(recordOf(64));
    const { page, requests } = await arrive(url, { javaScriptEnabled: false });
    expect(await page.getByRole("button", { name: /Rotate|Run/ }).count()).toBe(0);
    expect(await page.getByText("Rotating from here needs JavaScript.").isVisible()).toBe(true);
    await page.getByLabel("Find").fill("deploy_key");
    await page.getByRole("button", { name: "Apply" }).click();
    expect(await page.locator("#count").textContent()).toBe("8 of 64 tokens");
    expect(requests.at(-1)).toBe("GET /?q=deploy_key&health=&sort=worst");
  });

  test("typing narrows the list, shows how many are left, and leaves an address that shows the same", async () => {
    const { url } = await serve(recordOf(300));
    const { page } = await arrive(url);
    await page.getByLabel("Find").pressSequentially("smtp_password_eu");
    await expect
      .poll(() => page.locator("#said").textContent(), { timeout: 240_000 })
      .toMatch(/^\d of 300 tokens$/);
    // The count stands above the list as well. A second announcement would only cover the page.
    expect(await page.locator("#said").evaluate((said) => said.clientHeight)).toBe(1);
    expect(
      await page.getByLabel("Find").evaluate((field) => field === document.activeElement),
    ).toBe(true);
    const told = await page.locator("#count").textContent();
    expect(page.url()).toBe(`${url}/?q=smtp_password_eu`);
    await page.reload();
    expect(await page.locator("#count").textContent()).toBe(told);
  });

  test("on paper the ground is white, whatever the screen's colours", async () => {
    const { url } = await serve(recordOf(1));
    const { page } = await arrive(url, { colorScheme: "dark" });
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await ground();
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    expect([dark, await ground()]).toEqual(["rgb(14, 18, 23)", "rgb(246, 247, 249)"]);
  });

  test("a person who wants no motion gets none", async () => {
    const { url } = await serve(recordOf(14));
    const { page } = await arrive(url, { reducedMotion: "reduce" });
    const moving = await page.evaluate(
      () =>
        [...document.querySelectorAll("*")].filter(
          (part) => getComputedStyle(part).transitionDuration !== "0s",
        ).length,
    );
    expect(moving).toBe(0);
  });
});
