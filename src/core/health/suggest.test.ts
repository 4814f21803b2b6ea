import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyConfig, NOW } from "../../../test/any-config.ts";
import { rotatedState } from "../../../test/token-states.ts";
import { DAY_MS, toInstant } from "../base/instant.ts";
import type { TokenConfig, TokenState } from "../model/schema.ts";
import { type Home, NEW_TOKEN_STATE } from "../model/token.ts";
import { health } from "./health.ts";
import { suggest } from "./suggest.ts";

const home: Home = { kind: "local", repository: null };
const now = new Date("2026-03-01T12:00:00Z");
const ago = (days: number, generation = 1): TokenState =>
  rotatedState({ generation, rotated_at: toInstant(now.getTime() - days * DAY_MS) });
const rule = { interval_hours: 8760 };

function rotate(token_name: string) {
  return { method: "POST", path: "/tokens/rotate", body: { token_name } };
}
function setup(token_name: string, interval_hours: number) {
  return {
    method: "POST",
    path: "/tokens/setup-rotation",
    body: { token_name, interval_hours, auto_rotate: true, notify: true },
  };
}

test("README example for suggestions", () => {
  const config: TokenConfig = {
    tokens: { TOKEN1: {}, OLD_TOKEN: {}, NEW_TOKEN: {}, TOKEN2: {} },
    rules: { TOKEN1: rule, OLD_TOKEN: rule, NEW_TOKEN: rule, TOKEN2: rule },
    state: { tokens: { TOKEN1: ago(8), OLD_TOKEN: ago(31), TOKEN2: ago(15) } },
  };
  expect(suggest(config, home, now).suggestions).toEqual([
    "⚠️  HIGH PRIORITY: OLD_TOKEN",
    "📋 Should rotate: TOKEN1, TOKEN2",
    "🆕 Never rotated: NEW_TOKEN",
  ]);
});

test("everything there is to say, and the requests that would do it", () => {
  const config: TokenConfig = {
    tokens: {
      SOON: { groups: ["CRITICAL"] },
      STUCK: {},
      LOOSE: { type: "password" },
      EXPIRED: { expires_at: "2026-02-28T00:00:00Z" },
      NEW: {},
      AHEAD: {},
      PAT: { type: "github_pat" },
      FINE: {},
      OVERDUE: {},
      LEAKED: {},
      LOST: {},
    },
    rules: {
      SOON: rule,
      STUCK: rule,
      EXPIRED: rule,
      NEW: rule,
      AHEAD: rule,
      PAT: rule,
      OVERDUE: { interval_hours: 12 },
      LEAKED: rule,
    },
    workflows: {
      off: { tokens: ["LOOSE"], schedule: "@daily", enabled: false },
      on: { tokens: ["FINE"], schedule: "@daily" },
    },
    state: {
      tokens: {
        SOON: ago(10),
        STUCK: { ...ago(2), failures: 1 },
        LOOSE: ago(2),
        EXPIRED: ago(3),
        AHEAD: ago(-1),
        PAT: ago(40),
        FINE: ago(2),
        OVERDUE: ago(0.5),
        LEAKED: { ...NEW_TOKEN_STATE, exposed_at: "2026-02-28T00:00:00Z" },
        LOST: { ...ago(40), failures: 3 },
      },
    },
  };
  const { suggestions, actions } = suggest(config, home, now);
  expect(suggestions).toEqual([
    "⚠️  HIGH PRIORITY: EXPIRED, PAT, LEAKED, LOST",
    "📋 Should rotate: SOON, OVERDUE",
    "🆕 Never rotated: NEW",
    "🔁 Failing: STUCK, LOST",
    "❓ Record unclear: AHEAD",
    "📅 No rule or workflow: LOOSE, LOST",
  ]);
  const action = (
    token_name: string,
    priority: string,
    recommended_interval_hours: number,
    reason: string,
    request: unknown,
  ) => ({
    token_name,
    priority,
    reason,
    recommended_interval_hours,
    request,
  });
  const issuer = "Its values come from outside: rotate it with a new_token, or declare an issuer";
  const ahead =
    "the record says it was rotated at 2026-03-02T12:00:00Z, which is ahead of this clock";
  expect(actions).toEqual([
    action("EXPIRED", "high", 8760, "expired at 2026-02-28T00:00:00Z", rotate("EXPIRED")),
    action("PAT", "high", 8760, `rotated 40 d ago, over 30 d. ${issuer}`, null),
    action("LEAKED", "high", 8760, "its value is in the git history", rotate("LEAKED")),
    action("LOST", "high", 168, "failed 3 times; no further attempt is planned", rotate("LOST")),
    action(
      "STUCK",
      "medium",
      8760,
      "failed once; next attempt at 2027-02-27T12:00:00Z",
      rotate("STUCK"),
    ),
    action("NEW", "medium", 8760, "never rotated", rotate("NEW")),
    action("AHEAD", "medium", 8760, ahead, rotate("AHEAD")),
    action("OVERDUE", "medium", 168, "rotated 12 h ago; its interval is 12 h", rotate("OVERDUE")),
    action("SOON", "low", 8760, "rotated 10 d ago, over 7 d", rotate("SOON")),
    action("LOOSE", "low", 720, "no rule or workflow", setup("LOOSE", 720)),
    action("LOST", "low", 168, "no rule or workflow", setup("LOST", 168)),
  ]);
});

test("a PAT that nothing can issue gets no rule suggested, since no run could keep it", () => {
  const config: TokenConfig = {
    tokens: { PAT: { type: "github_pat" } },
    state: { tokens: { PAT: ago(2) } },
  };
  expect(
    suggest(config, home, now).actions.map(({ reason, request }) => [reason, request]),
  ).toEqual([
    [
      "no rule or workflow. Its values come from outside: rotate it with a new_token, or declare an issuer",
      null,
    ],
  ]);
  const placeholder: TokenConfig = {
    ...config,
    tokens: { PAT: { type: "github_pat", issuer: { use: "generate" } } },
  };
  expect(suggest(placeholder, home, now).actions.map((action) => action.request)).toEqual([
    setup("PAT", 720),
  ]);
});

describe("when there is nothing to do", () => {
  test.each<[string, string[], string]>([
    ["no token", [], "✅ Nothing to do: no token is declared yet"],
    ["one", ["A"], "✅ The token is healthy"],
    ["several", ["A", "B", "C"], "✅ All 3 tokens are healthy"],
  ])("%s", (_, names, line) => {
    const all = <T>(value: T) => Object.fromEntries(names.map((name) => [name, value]));
    const config: TokenConfig = {
      tokens: all({}),
      rules: all(rule),
      state: { tokens: all(ago(2)) },
    };
    expect(suggest(config, home, now)).toEqual({ suggestions: [line], actions: [] });
  });
});

test("long lists name twenty and count the rest", () => {
  const named = (count: number) => Array.from({ length: count }, (_, n) => `T${n}`);
  const line = (count: number) => {
    const names = named(count);
    const config = {
      tokens: Object.fromEntries(names.map((name) => [name, {}])),
      rules: Object.fromEntries(names.map((name) => [name, rule])),
    };
    return suggest(config, home, now).suggestions;
  };
  expect(line(20)).toEqual([`🆕 Never rotated: ${named(20).join(", ")}`]);
  expect(line(21)).toEqual([`🆕 Never rotated: ${named(20).join(", ")} … and 1 more`]);
});

test("whatever the record says, what health lists is named, and no action asks for what would be refused", () => {
  fc.assert(
    fc.property(anyConfig, (config) => {
      const { suggestions, actions } = suggest(config, home, NOW);
      const report = health(config, home, NOW);
      const text = suggestions.join("\n");
      for (const name of [...report.needs_rotation, ...report.never_rotated]) {
        expect(text).toContain(name);
        expect(actions.map((action) => action.token_name)).toContain(name);
      }
      expect(actions.length === 0).toBe(text.startsWith("✅"));
      for (const { token_name, request } of actions) {
        const token = config.tokens?.[token_name];
        const refused = token?.type === "github_pat" && token.issuer === undefined;
        expect(request === null).toBe(refused);
      }
      const rank = { high: 0, medium: 1, low: 2 };
      const ranks = actions.map((action) => rank[action.priority]);
      expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
    }),
  );
});

describe("where credentials stand in line", () => {
  const turns = (users: readonly string[]) => ({
    use: "postgres" as const,
    admin_url_variable: "PG_ADMIN_URL",
    users: [...users],
  });
  const suggestedFor = (config: TokenConfig) => suggest(config, home, now);

  test("an overlap that leaves no user free by the time it is due is told, by rule and by workflow", () => {
    const config: TokenConfig = {
      tokens: {
        DAILY: { issuer: turns(["a", "b"]) },
        THREE: { issuer: turns(["c", "d", "e"]) },
        SHORT: { issuer: turns(["f", "g"]), overlap_hours: 12 },
        ALONE: { issuer: turns(["h"]) },
        NIGHTLY: { issuer: { use: "aws_iam", user: "deploy" } },
        WEEKLY: { issuer: turns(["i", "j"]) },
      },
      rules: Object.fromEntries(
        ["DAILY", "THREE", "SHORT", "ALONE", "NIGHTLY", "WEEKLY"].map((name) => [
          name,
          { interval_hours: 168 },
        ]),
      ),
      workflows: {
        night: { tokens: ["NIGHTLY"], schedule: "17 2 * * *" },
        off: { tokens: ["WEEKLY"], schedule: "@hourly", enabled: false },
      },
    };
    for (const name of ["DAILY", "THREE", "SHORT", "ALONE"])
      config.rules = { ...config.rules, [name]: { interval_hours: 24 } };
    const state = {
      tokens: Object.fromEntries(Object.keys(config.tokens ?? {}).map((name) => [name, ago(0.5)])),
    };
    const { suggestions, actions } = suggestedFor({ ...config, state });
    expect(suggestions).toEqual(["⏳ Overlap too long: DAILY, NIGHTLY"]);
    expect(
      actions.map(({ token_name, priority, reason, request }) => [
        token_name,
        priority,
        reason,
        request,
      ]),
    ).toEqual([
      [
        "DAILY",
        "low",
        "it is due every 24 h, and overlap_hours is 24: its 2 users may be taken then. Make overlap_hours shorter, or name another user",
        null,
      ],
      [
        "NIGHTLY",
        "low",
        "it is due every 24 h, and overlap_hours is 24: the 2 keys that AWS allows may be taken then. Make overlap_hours shorter",
        null,
      ],
    ]);
  });

  test("a credential that could not be revoked keeps a token from being called healthy", () => {
    const retiring = {
      generation: 1,
      ref: "r",
      fingerprint: null,
      issuer: "http",
      replaced_at: null,
      proved_at: null,
    };
    const refused = {
      at: toInstant(now.getTime()),
      code: "http-denied",
      message: "the service answered 403",
    };
    const state = {
      ...ago(2, 2),
      retiring: [{ ...retiring, failures: 2, last_error: refused }],
    };
    const waiting = {
      ...ago(2, 2),
      retiring: [{ ...retiring, failures: 0, last_error: null }],
    };
    const config: TokenConfig = {
      tokens: { KEY: {}, FINE: {} },
      rules: { KEY: rule, FINE: rule },
      state: { tokens: { KEY: state, FINE: waiting } },
    };
    const why =
      "generation 1 could not be revoked yet, and may still work (the service answered 403)";
    expect(suggestedFor(config)).toMatchObject({
      suggestions: ["🧹 Not revoked: KEY"],
      actions: [{ token_name: "KEY", priority: "medium", reason: why, request: null }],
    });
    expect(health(config, home, now).tokens.map(({ reason }) => reason)).toEqual([
      `rotated 2 d ago; ${why}`,
      "rotated 2 d ago",
    ]);
  });
});
