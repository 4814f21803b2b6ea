// One browser for a test file, and what each of its tests opened closed after it, the last first.
import type { Browser, BrowserContextOptions } from "playwright-core";
import { afterAll, afterEach, beforeAll } from "vitest";
import { startBrowser, type Visit, visit } from "./browser.ts";
import { toolAvailable } from "./require-tool.ts";

/** Where there is no Chromium, `visit` may not be called. */
export function useBrowser() {
  let browser: Browser;
  const closing: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    if (toolAvailable("chromium")) browser = await startBrowser();
  });
  afterAll(() => browser?.close());
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });
  return {
    visit: (options: BrowserContextOptions = {}): Promise<Visit> => visit(browser, options),
    /** Called after the test. */
    closing,
  };
}
