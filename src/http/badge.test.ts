// The badge, as a host sends it: its words for each health, its headers, and labels from other people.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import badgeRoute from "../../functions/badge.ts";
import rotate from "../../functions/rotate.ts";
import { requestFor } from "../../test/http.ts";
import { type LocalHost, localHost } from "../../test/local-host.ts";
import type { HealthReport } from "../core/health/shapes.ts";
import { HEALTH_STATUSES, type HealthStatus } from "../core/health/status.ts";
import { badge } from "./badge.ts";

const NOW = new Date("2026-06-01T12:00:00.000Z");
const DAY = 86_400_000;

function reportOf(...statuses: readonly HealthStatus[]): HealthReport {
  const tokens = statuses.map((status, index) => ({
    name: `T${index}`,
    status,
    age_hours: null,
    next_due: null,
    reason: "",
  }));
  const named = (...wanted: readonly HealthStatus[]) =>
    tokens.filter(({ status }) => wanted.includes(status)).map(({ name }) => name);
  return {
    generated_at: NOW.toISOString(),
    total_tokens: tokens.length,
    needs_rotation: named("needs_rotation", "high_risk"),
    recently_rotated: named("recently_rotated"),
    never_rotated: named("never_rotated"),
    high_risk: named("high_risk"),
    tokens,
  };
}

const titleOf = (svg: string) => /<title>(.*?)<\/title>/.exec(svg)?.[1];

describe("its words", () => {
  test.each([
    [[], "tokens: none declared"],
    [["ok", "recently_rotated"], "tokens: ok"],
    [["ok", "should_rotate"], "tokens: 1 to rotate soon"],
    [["needs_rotation", "needs_rotation", "should_rotate"], "tokens: 2 to rotate now"],
    [["high_risk", "needs_rotation", "failing"], "tokens: 1 at high risk"],
    [["failing", "never_rotated"], "tokens: 1 failing"],
    [["never_rotated", "never_rotated"], "tokens: 2 never rotated"],
    [["unknown", "ok"], "tokens: 1 unclear"],
  ] as const)("%j: %s", (statuses, title) => {
    const svg = badge(reportOf(...statuses), "tokens");
    expect(titleOf(svg)).toBe(title);
    expect(svg).toContain(`aria-label="${title}"`);
  });

  test("white text has a contrast of at least 4.5 on every colour", () => {
    for (const status of HEALTH_STATUSES) {
      const colors = [
        ...badge(reportOf(status), "tokens").matchAll(/<path fill="(#[0-9a-f]{6})"/g),
      ].map(([, color = ""]) => color);
      expect(colors).toHaveLength(2);
      for (const color of colors)
        expect(1.05 / (luminance(color) + 0.05)).toBeGreaterThanOrEqual(4.5);
    }
  });
});

/** Relative luminance of a colour, from 0 to 1: WCAG 2.2. */
function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

describe("over HTTP", () => {
  let host: LocalHost;
  beforeEach(async () => {
    host = await localHost(NOW);
  });
  afterEach(() => host.close());
  const get = (query = "", method = "GET") =>
    badgeRoute.answer(requestFor(badgeRoute, { query, method }), host.edge);

  test("is a picture that a caller's own cache may keep for five minutes, and that can do nothing", async () => {
    await host.ask(rotate, { json: { token_name: "API_KEY" } });
    host.setNow(new Date(NOW.getTime() + 40 * DAY));
    const response = await get();
    expect({ status: response.status, headers: Object.fromEntries(response.headers) }).toEqual({
      status: 200,
      headers: {
        "content-type": "image/svg+xml; charset=utf-8",
        "cache-control": "private, max-age=300",
        "content-security-policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
      },
    });
    expect(titleOf(await response.text())).toBe("tokens: 1 at high risk");
    expect(await (await get("", "HEAD")).text()).toBe("");
  });

  test("a label is text, whatever its characters", async () => {
    const label = `"><script>alert('x')</script>&\u202e\u0000`;
    const svg = await (await get(`?label=${encodeURIComponent(label)}`)).text();
    expect(titleOf(svg)).toBe(
      "&#34;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;\u{fffd}\u{fffd}: none declared",
    );
    expect(svg).not.toContain("<script");
  });

  test("a label that is too long, and any other field, are refused as everywhere", async () => {
    expect(await host.ask(badgeRoute, { query: `?label=${"x".repeat(41)}` })).toMatchObject({
      status: 400,
      body: { code: "field-invalid" },
    });
    expect(await host.ask(badgeRoute, { query: "?lable=x" })).toMatchObject({
      status: 400,
      body: { code: "field-unknown", hint: "Did you mean label?" },
    });
  });
});
