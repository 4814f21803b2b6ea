// The page as text: its content for every kind of record, protection against markup in a record, and its weight.
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { entriesOf, HOSTILE, NOW, recordOf } from "../../../test/page-records.ts";
import { overviewOf } from "../../core/health/overview.ts";
import type { TokenConfig } from "../../core/model/schema.ts";
import { SCRIPT, SCRIPT_HASH, STYLE, STYLE_HASH } from "./assets.ts";
import { problemPage, signInPage } from "./endpoint.ts";
import { page } from "./page.ts";
import { positionOf } from "./picture.ts";
import { type View, viewQuery } from "./view.ts";

const HOME = { kind: "github", repository: "acme/widgets" } as const;
const LIMIT = 100_000;
const BANDS = {
  recently_rotated_hours: 24,
  should_rotate_hours: 168,
  needs_rotation_hours: 336,
  high_risk_hours: 720,
};

const look = (query: Record<string, string> = {}): View => viewQuery.parse(query);
const pageOf = (
  config: TokenConfig,
  view = look(),
  may = { rotate: true },
  history = entriesOf(Object.keys(config.tokens ?? {}).length),
) => page(overviewOf(config, { home: HOME, now: NOW, history }), view, may);
const bytes = (text: string) => Buffer.byteLength(text);
/** The names in the list of tokens, in their order. */
const listed = (text: string) =>
  [...text.matchAll(/<tr class="\w+"><th scope="row"><code>(.*?)<\/code>/g)].map(([, name = ""]) =>
    name.replaceAll("<wbr>", ""),
  );

describe("what needs attention", () => {
  test.each([
    [0, "No token is declared yet"],
    [1, "The token is well"],
    [14, "8 of 14 tokens need attention"],
  ])("of %d tokens: %s", (count, headline) => {
    expect(/<h1.*?>(.*?)<\/h1>/.exec(pageOf(recordOf(count)))?.[1]).toBe(headline);
  });

  test("the worst comes first, with its reason and the reason why it is held back", () => {
    const text = pageOf(recordOf(14));
    const first = text.slice(text.indexOf('id="attention"'), text.indexOf('id="tokens"'));
    expect([...first.matchAll(/<h3><code>(\w+)<\/code>/g)].map(([, name]) => name)).toEqual([
      "SIGNING_KEY",
      "SIGNING_KEY_STAGING",
      "WEBHOOK_SECRET_STAGING",
      "WEBHOOK_SECRET",
      "PARTNER_TOKEN_STAGING",
      "PARTNER_TOKEN",
      "SESSION_SECRET",
      "SESSION_SECRET_STAGING",
    ]);
    expect(first).toContain("<p><bdi>rotated 41 d ago, over 30 d</bdi></p>");
    expect(first).toContain(
      '<p><bdi>something else was seen at <time datetime="2026-06-15T00:30Z">2026-06-15 00:30Z</time>: rotate it by name to take it back</bdi></p>',
    );
  });

  test("many are counted, with a link to all of them", () => {
    expect(pageOf(recordOf(300))).toMatch(
      /<a href="\?health=attention#tokens">… and \d+ more<\/a>/,
    );
  });
});

describe("commands to type", () => {
  const local = (config: TokenConfig) =>
    page(
      overviewOf(config, { home: { kind: "local", repository: null }, now: NOW, history: [] }),
      look(),
      { rotate: true },
    );

  test("work unchanged: on GitHub they name the repository, and have --create for a new name", () => {
    const [there, here] = [pageOf(recordOf(0)), local(recordOf(0))];
    expect(there).toContain(
      "<code>token-automation rotate NAME --create --repo acme/widgets</code>",
    );
    expect(there).toContain("--schedule &#34;17 2 * * *&#34; --repo acme/widgets</code>");
    expect(pageOf({ version: 1, tokens: { API_KEY: {} } })).toContain(
      "<code>token-automation setup-rule NAME HOURS --repo acme/widgets</code>",
    );
    expect(here).toContain("<code>token-automation rotate NAME</code>");
    expect(here).not.toContain("--repo");
  });
});

describe("the list of tokens", () => {
  test("words find names, types, groups and places, all of them together", () => {
    const names = (q: string) => listed(pageOf(recordOf(64), look({ q, sort: "name" })));
    expect(names("staging api_key")).toEqual(["API_KEY_STAGING", "SIGNING_KEY_STAGING"]);
    expect(names("critical password billing")).toEqual(["DATABASE_PASSWORD_BILLING"]);
    expect(names("actions:acme/widgets:deploy_key_eu")).toEqual(["DEPLOY_KEY_EU"]);
    expect(names("nothing like it")).toEqual([]);
  });

  test("a health, an order and a page can be chosen, and stay in the link to the next page", () => {
    const text = pageOf(recordOf(300), look({ health: "ok", sort: "oldest", page: "2" }));
    expect(listed(text).length).toBeGreaterThan(10);
    expect(text).toContain('<a href="?health=ok&amp;sort=oldest#tokens">← Previous</a>');
    expect(text).toContain('<option value="oldest" selected>');
    expect(text).toContain('<option value="ok" selected>');
  });

  test("over all pages each token appears once", () => {
    const pages = [1, 2, 3, 4, 5, 6].flatMap((number) =>
      listed(pageOf(recordOf(300), look({ page: String(number) }))),
    );
    expect([pages.length, new Set(pages).size]).toEqual([300, 300]);
    expect(listed(pageOf(recordOf(300), look({ page: "99999" })))).toEqual(pages.slice(250));
  });

  test("an empty list says so, with a link back", () => {
    expect(pageOf(recordOf(3), look({ q: "zzz" }))).toContain(
      'No token fits. <a href="?#tokens">Show all of them</a>',
    );
  });

  test("by next rotation: the soonest first, tokens without a plan last", () => {
    const text = pageOf(recordOf(14), look({ sort: "next" }));
    const order = [
      ...text.matchAll(
        /<td data-label="Next rotation">(?:<b>(.*?)<\/b>|<span class="quiet">(.*?)<\/span>)/g,
      ),
    ].map((match) => match[1] ?? match[2]);
    expect(order.slice(0, 4)).toEqual(["now", "now", "now", "in 2 h"]);
    expect(order.at(-1)).toBe("none planned");
  });
});

describe("a token's picture", () => {
  test.each([
    [0, 0],
    [12, 20],
    [24, 40],
    [168, 80],
    [252, 100],
    [336, 120],
    [720, 160],
    [1080, 180],
    [1440, 200],
    [99_999, 200],
  ])("an age of %d h lies at %d of 200", (hours, position) => {
    expect(positionOf(hours, BANDS)).toBe(position);
  });

  test("bands in disorder or of no width are still drawn", () => {
    for (const bands of [
      { ...BANDS, should_rotate_hours: 24 },
      { ...BANDS, high_risk_hours: 48 },
    ])
      for (const hours of [0, 24, 50, 400, 5000]) {
        expect(positionOf(hours, bands)).toBeGreaterThanOrEqual(0);
        expect(positionOf(hours, bands)).toBeLessThanOrEqual(200);
      }
  });

  test("says in words the facts that it shows", () => {
    const text = pageOf(recordOf(14));
    expect(text).toContain('role="img" aria-label="41 d old, due now"');
    expect(text).toContain('role="img" aria-label="2 d old, rotates in 16 h"');
    expect(text).toContain('role="img" aria-label="no known age, no rotation planned"');
  });
});

describe("a caller who may only read", () => {
  test("has no button and no question", () => {
    const text = pageOf(recordOf(14), look(), { rotate: false });
    expect(
      [/<button[^>]* data-/, /<dialog/, /class="note no-script/].filter((pattern) =>
        pattern.test(text),
      ),
    ).toEqual([]);
  });
});

test("a value that only a person has cannot be requested here", () => {
  const tokens = {
    DEPLOY: { type: "github_pat" as const },
    PARTNER: { issuer: { use: "manual" as const } },
    API_KEY: {},
  };
  const text = pageOf({ version: 1, tokens });
  expect(new Set([...text.matchAll(/data-rotate="(\w+)"/g)].map(([, name]) => name))).toEqual(
    new Set(["API_KEY"]),
  );
  expect(text).toContain('<span class="quiet">by hand</span>');
});

test("a button names the credential's places, the first three by name", () => {
  const destinations = ["one", "two", "three", "four", "five"].map((name) => ({
    to: "actions" as const,
    repository: `acme/${name}`,
  }));
  const text = pageOf({ version: 1, tokens: { API_KEY: { destinations } } });
  expect(text).toContain(
    'data-places="actions:acme/one:API_KEY, actions:acme/two:API_KEY, actions:acme/three:API_KEY and 2 more"',
  );
});

describe("texts of other people", () => {
  const text = pageOf(
    recordOf(64, HOSTILE),
    look({ q: "" }),
    { rotate: true },
    entriesOf(64, HOSTILE),
  );

  test("are text: the markup's tags and attributes are those of a harmless record", () => {
    const shape = (page: string) =>
      new Set(
        [...page.matchAll(/<([a-z0-9]+)((?:\s+[a-z-]+(?:="[^"]*")?)*)\s*\/?>/gi)].flatMap(
          ([, tag, attributes = ""]) => [
            `<${tag}`,
            ...[...attributes.matchAll(/\s([a-z-]+)(?==|\s|$)/gi)].map(
              ([, name]) => `${tag} ${name}`,
            ),
          ],
        ),
      );
    expect([...shape(text)].filter((part) => !shape(pageOf(recordOf(64))).has(part))).toEqual([]);
    expect(text).toContain("&lt;img src=x onerror=&#34;alert(&#39;1&#39;)&#34;&gt;");
    expect(text.match(/<script/g)).toHaveLength(1);
  });

  test("are cut if they are too long to read", () => {
    expect(text).toContain(`<bdi>${`x${"very-long-".repeat(60)}`.slice(0, 240)}…</bdi>`);
    expect(text).not.toContain("very-long-".repeat(25));
    expect(bytes(text)).toBeLessThan(LIMIT);
  });

  test("do not change the direction of the text around them, and link only to https", () => {
    expect(text).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/);
    expect(
      [...text.matchAll(/href="([^"]*)"/g)]
        .map(([, href = ""]) => href)
        .filter((href) => !/^(?:[?#]|\/openapi|https:|data:image\/svg)/.test(href)),
    ).toEqual([]);
  });

  test("in the question are text too", () => {
    const q = `"><script>alert(1)</script>`;
    expect(pageOf(recordOf(3), look({ q }))).toContain(
      'name="q" value="&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"',
    );
  });

  test("in a problem are text as well", () => {
    const mistakes = HOSTILE.map((message) => ({ message, hint: message, position: { line: 1 } }));
    const problem = problemPage({
      status: 422,
      title: "T",
      detail: HOSTILE[0],
      hint: HOSTILE[1],
      problems: mistakes,
    });
    expect(problem).not.toContain("<img");
    expect(problem.match(/<script/g)).toHaveLength(1);
  });
});

test("the picture of future rotations exists only if there are any, and the bands are given in words too", () => {
  expect(pageOf(recordOf(0))).toContain(
    "<figure><figcaption>No rotation is due in the next 14 days.</figcaption></figure>",
  );
  expect(pageOf(recordOf(3))).toContain('<figure><svg class="chart"');
  expect(pageOf(recordOf(3))).toContain(
    "Bands, each drawn equally wide: to 24 h, 7 d, 14 d, 30 d, and over.",
  );
});

describe("weight", () => {
  test.each([
    [0, look()],
    [100, look()],
    [1000, look({ page: "3", history: "7" })],
  ])("a record of %d tokens makes a page below 100 KB", (count, view) => {
    expect(bytes(pageOf(recordOf(count), view))).toBeLessThan(LIMIT);
  });

  test("its own style, script and frame are a fifth of that", () => {
    expect(bytes(STYLE) + bytes(SCRIPT)).toBeLessThan(16_000);
    expect(bytes(signInPage())).toBeLessThan(20_000);
  });
});

test("style and script in the page match their digests", () => {
  const text = pageOf(recordOf(3));
  for (const [tag, hash] of [
    ["style", STYLE_HASH],
    ["script", SCRIPT_HASH],
  ] as const) {
    const [, content = ""] = new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(text) ?? [];
    expect(`sha256-${createHash("sha256").update(content).digest("base64")}`).toBe(hash);
  }
});

test("fingerprints are not shown", () => {
  const record = recordOf(3);
  const state = Object.values(record.state?.tokens ?? {})[0];
  if (!state?.current) throw new Error("there is no rotated token");
  state.current.fingerprint = "sha256:canary";
  expect(pageOf(record)).not.toContain("canary");
});
