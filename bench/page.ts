// The page's weight, and the requests of a browser before it paints.

import { overviewOf } from "../src/core/health/overview.ts";
import { SCRIPT, STYLE } from "../src/http/page/assets.ts";
import { page } from "../src/http/page/page.ts";
import { viewQuery } from "../src/http/page/view.ts";
import { startBrowser, visit } from "../test/browser.ts";
import { entriesOf, NOW, recordOf } from "../test/page-records.ts";
import { pageServer } from "../test/page-server.ts";
import { toolAvailable } from "../test/require-tool.ts";
import { atMost, type Figure, median } from "./measure.ts";

const HOME = { kind: "github", repository: "acme/widgets" } as const;
const ROUNDS = 5;

export async function measurePage(): Promise<Figure[]> {
  const render = (count: number) =>
    page(
      overviewOf(recordOf(count), { home: HOME, now: NOW, history: entriesOf(count) }),
      viewQuery.parse({}),
      { rotate: true },
    );
  const kilobytes = (value: number) => `${value.toFixed(1)} KB`;
  const overview = overviewOf(recordOf(1000), { home: HOME, now: NOW, history: entriesOf(1000) });
  const times = Array.from({ length: ROUNDS }, () => {
    const start = performance.now();
    page(overview, viewQuery.parse({}), { rotate: true });
    return performance.now() - start;
  });
  return [
    atMost(
      "the page of a record of 100 tokens",
      Buffer.byteLength(render(100)) / 1000,
      100,
      kilobytes,
    ),
    atMost("  of 1,000 tokens", Buffer.byteLength(render(1000)) / 1000, 100, kilobytes),
    atMost(
      "  its own style and script",
      (Buffer.byteLength(STYLE) + Buffer.byteLength(SCRIPT)) / 1000,
      20,
      kilobytes,
    ),
    {
      what: "  rendering 1,000 tokens",
      value: `${median(times).toFixed(1)} ms`,
      limit: "",
      held: true,
    },
    ...(toolAvailable("chromium") ? await firstPaint() : []),
  ];
}

async function firstPaint(): Promise<Figure[]> {
  const server = await pageServer(recordOf(100));
  const browser = await startBrowser();
  try {
    const { page: opened, requests } = await visit(browser);
    await opened.goto(server.url, { waitUntil: "networkidle" });
    const paint = await opened.evaluate(
      () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Number.NaN,
    );
    return [
      atMost("  requests up to the first paint and after it", requests.length, 1, String),
      { what: "  first paint in Chromium", value: `${paint.toFixed(0)} ms`, limit: "", held: true },
    ];
  } finally {
    await browser.close();
    await server.close();
  }
}
