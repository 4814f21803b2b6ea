// Debian's Chromium, headless, for tests that look at pages; and what it complained of.
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { commandOf } from "./require-tool.ts";

/** As root, and without a word to anybody but the page's own server. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Against what hangs, in milliseconds: how fast a machine is must not matter. */
const LIMIT_MS = 240_000;

/** Close it. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: commandOf("chromium"),
    headless: true,
    args: FLAGS,
    timeout: LIMIT_MS,
  });
}

export type Visit = {
  readonly page: Page;
  /** `METHOD path` of every request, in their order. */
  readonly requests: string[];
  /** What the console was told as an error, and every violation of the content security policy. */
  readonly complaints: string[];
  readonly close: () => Promise<void>;
};

/** A new visitor, with nothing kept from any other. */
export async function visit(browser: Browser, options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(LIMIT_MS);
  const page = await context.newPage();
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on("request", (request) => {
    const { protocol, pathname, search } = new URL(request.url());
    if (protocol !== "data:") requests.push(`${request.method()} ${pathname}${search}`);
  });
  // A status that a route answers with on purpose is told to the console too.
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
      complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("dialog", (dialog) => {
    complaints.push(`a dialog said ${dialog.message()}`);
    void dialog.dismiss();
  });
  return { page, requests, complaints, close: () => context.close() };
}
