import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GITHUB, LOCAL } from "../../../test/problems.ts";
import { historyState } from "../../../test/record-history.ts";
import { Misconfigured } from "../base/errors.ts";
import { parseConfig, serializeConfig, validateConfig } from "../config/parse.ts";
import { verifyChain } from "../record/history.ts";
import { migrate as migrateFile } from "./migrate.ts";

const NOW = new Date("2026-03-01T12:00:00Z");
// In parts, so that no scanner takes this file for a leak.
const CANARY = `ghp_${"c4N4ryBBBB".repeat(4)}`;

const migrate = (document: unknown) => migrateFile(JSON.stringify(document), NOW);

describe("a record of the first edition", () => {
  const entry = (day: string, more: object = {}) => ({
    id: `run/${day}`,
    at: `2026-${day}T02:00:00Z`,
    event: "rotated",
    token_name: "API_KEY",
    generation: 1,
    previous_hash: null,
    new_hash: null,
    triggered_by: { kind: "schedule" },
    requests: [{ id: "a", asked: "b" }],
    previous_entry: "of the first edition",
    ...more,
  });
  const first = {
    version: 1,
    settings: { timezone: "UTC", history_limit: 10 },
    tokens: { API_KEY: {} },
    "x-note": "mine",
    state: { tokens: {}, "x-note": "its" },
    history: [entry("02-01"), entry("02-02", { error: "put-failed" })],
  };
  const lines = (...entries: unknown[]) =>
    entries.map((one) => `${JSON.stringify(one)}\n`).join("");

  test("its entries go to the days' files in their order, chained again, and the rest stays", () => {
    const archived = new Map([
      ["token_history/2025-12.jsonl", lines(entry("01-01"))],
      ["token_history/2026-01.jsonl", lines(entry("01-31"), entry("01-30"))],
    ]);
    const { config, history, exposed, warnings } = migrateFile(
      JSON.stringify(first),
      NOW,
      archived,
    );
    expect(history.map(({ at }) => at.slice(5, 10))).toEqual([
      "01-01",
      "01-31",
      "01-30",
      "02-01",
      "02-02",
    ]);
    expect(verifyChain(history, null)).toEqual({ ok: true, breaks: [] });
    const { id: _, requests: __, ...kept } = entry("02-02", { error: "put-failed" });
    expect(history.at(-1)).toEqual({
      ...kept,
      migrated: true,
      previous_entry: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(config).toEqual({
      version: 1,
      settings: { timezone: "UTC" },
      tokens: { API_KEY: {} },
      "x-note": "mine",
      state: { tokens: {}, "x-note": "its", history: historyState(history) },
    });
    expect([exposed, validateConfig(config, LOCAL)]).toEqual([[], []]);
    expect(warnings).toEqual([
      "Entries of the history that were carried over: 5. They are in token_history/<year>-<month>/<day>.jsonl now, in their order, and their chain of digests begins again.",
      "token_history/2025-12.jsonl is not read any more; delete it.",
      "token_history/2026-01.jsonl is not read any more; delete it.",
    ]);
  });

  test("what is no entry is counted and left out; mistakes of people are told", () => {
    const rules = { API_KEY: { interval_hours: 0 } };
    const { history, warnings } = migrate({ ...first, rules, history: [5, entry("02-01"), {}] });
    expect(history).toHaveLength(1);
    expect(warnings).toEqual([
      "2 of 3 entries of the history could not be read and were left out.",
      expect.stringMatching(/carried over: 1\./),
      expect.stringMatching(/^Still to change: interval_hours of the rule/),
    ]);
  });

  test("without entries only the limit goes; without either it is of this edition already", () => {
    const { history: _, ...rest } = first;
    expect(migrate(rest).config).toEqual({
      version: 1,
      settings: { timezone: "UTC" },
      tokens: { API_KEY: {} },
      "x-note": "mine",
      state: { tokens: {}, "x-note": "its" },
    });
    expect(() => migrate({ ...rest, settings: {} })).toThrow("the file is already of this version");
  });
});

test("a file as the Python program wrote it", () => {
  const old = {
    tokens: {
      GITHUB_TOKEN: {
        value: CANARY,
        type: "github_pat",
        created_at: "2025-01-01T00:00:00",
        last_rotated: "2026-02-01T10:20:30.123456",
        rotation_count: 3,
        hash: "ab12",
      },
      API_KEY: {
        value: `${CANARY}2`,
        type: "api_key",
        length: 32,
        prefix: "",
        include_special: false,
        last_rotated: "2026-02-28T00:00:00+00:00",
      },
      NEVER_ROTATED: { type: "password", last_rotated: null, rotation_count: 0 },
      OWN: { token: CANARY, type: "oauth", notes: "by hand" },
    },
    rotation_rules: {
      GITHUB_TOKEN: {
        interval_hours: 24,
        auto_rotate: true,
        notify: true,
        created_at: "2025-01-01T00:00:00",
        next_rotation: "2026-02-02T10:20:30",
      },
      API_KEY: { interval_hours: 0.5, auto_rotate: false, notify: false },
      RULE_ONLY: { interval_hours: 168, auto_rotate: true, notify: true },
    },
    workflows: {
      daily_security: {
        tokens: ["GITHUB_TOKEN", "API_KEYS"],
        schedule: "0 2 * * *",
        created_at: "2025-01-01",
        last_run: null,
      },
      weekly_full: { tokens: ["ALL_TOKENS"], schedule: "0 0 * * 0" },
      "on fire": { tokens: ["API_KEY"], schedule: "whenever" },
      ghost: { tokens: ["GONE"], schedule: "0 0 * * *" },
    },
    history: [
      {
        token_name: "API_KEY",
        timestamp: "2026-02-27T00:00:00",
        previous_hash: null,
        new_hash: "A".repeat(64),
        triggered_by: "manual",
      },
      {
        token_name: "API_KEY",
        timestamp: 1772236800.5,
        previous_hash: "a".repeat(64),
        new_hash: "short",
        triggered_by: "scheduler",
      },
      { token_name: "REMOVED", timestamp: "2026-02-01", new_token: CANARY },
      { token: CANARY },
    ],
    last_updated: "2026-02-28T00:00:00",
  };
  const { config, history, exposed, warnings } = migrate(old);
  expect(exposed).toEqual(["GITHUB_TOKEN", "API_KEY", "OWN"]);
  expect(warnings).toMatchInlineSnapshot(`
    [
      "Times without a zone were taken as UTC.",
      "The token "OWN" is of a type that no longer exists: it is now custom.",
      "The rule for "API_KEY" had an interval of 0.5 hours: it is now 1.",
      "The token "RULE_ONLY" had a rule only: it is now declared, as an api_key.",
      "The workflow "daily_security" names "API_KEYS", which is not declared: it was left out there.",
      "The workflow "on fire" has no schedule that this version can read: it is disabled until you write one, as "17 2 * * *", and enable it.",
      "The workflow "on fire" is now called "on_fire".",
      "The workflow "ghost" names "GONE", which is not declared: it was left out there.",
      "The workflow "ghost" names no declared token and was left out.",
      "Hashes in the history that are not whole SHA-256 digests were left out.",
      "1 of 4 entries of the history name no token or no time and were left out.",
      "Left out of tokens: "created_at"; it has no counterpart.",
      "Left out of tokens: "hash"; it has no counterpart.",
      "Left out of tokens: "notes"; it has no counterpart.",
      "Left out of rotation_rules: "created_at"; it has no counterpart.",
      "Left out of rotation_rules: "next_rotation"; it has no counterpart.",
      "Left out of workflows: "created_at"; it has no counterpart.",
      "Left out of workflows: "last_run"; it has no counterpart.",
      "Left out of the file: "last_updated"; it has no counterpart.",
      "On GitHub: "GITHUB_TOKEN" cannot be a secret's name on GitHub: names that begin with GITHUB_ are reserved. Call it GH_TOKEN.",
    ]
  `);
  expect(serializeConfig(config)).toMatchInlineSnapshot(`
    "{
      "version": 1,
      "tokens": {
        "GITHUB_TOKEN": {
          "type": "github_pat"
        },
        "API_KEY": {
          "type": "api_key",
          "length": 32,
          "prefix": "",
          "include_special": false
        },
        "NEVER_ROTATED": {
          "type": "password"
        },
        "OWN": {
          "type": "custom"
        },
        "RULE_ONLY": {}
      },
      "rules": {
        "GITHUB_TOKEN": {
          "interval_hours": 24,
          "auto_rotate": true,
          "notify": true
        },
        "API_KEY": {
          "interval_hours": 1,
          "auto_rotate": false,
          "notify": false
        },
        "RULE_ONLY": {
          "interval_hours": 168,
          "auto_rotate": true,
          "notify": true
        }
      },
      "workflows": {
        "daily_security": {
          "tokens": [
            "GITHUB_TOKEN"
          ],
          "schedule": "0 2 * * *"
        },
        "weekly_full": {
          "tokens": [
            "ALL_TOKENS"
          ],
          "schedule": "0 0 * * 0"
        },
        "on_fire": {
          "tokens": [
            "API_KEY"
          ],
          "schedule": "@daily",
          "enabled": false
        }
      },
      "state": {
        "tokens": {
          "GITHUB_TOKEN": {
            "current": {
              "generation": 3,
              "fingerprint": null,
              "ref": null,
              "destinations": {},
              "rotated_at": "2026-02-01T10:20:30.123Z"
            },
            "pending": null,
            "failures": 0,
            "last_error": null,
            "exposed_at": "2026-03-01T12:00:00Z"
          },
          "API_KEY": {
            "current": {
              "generation": 1,
              "fingerprint": null,
              "ref": null,
              "destinations": {},
              "rotated_at": "2026-02-28T00:00:00Z"
            },
            "pending": null,
            "failures": 0,
            "last_error": null,
            "exposed_at": "2026-03-01T12:00:00Z"
          },
          "OWN": {
            "current": null,
            "pending": null,
            "failures": 0,
            "last_error": null,
            "exposed_at": "2026-03-01T12:00:00Z"
          }
        },
        "history": {
          "entries": 3,
          "digest": "35cef222a128c03708288f56cc893e8915dea5cff821d45fbe47ca0ed48e9493"
        }
      }
    }
    "
  `);
  expect(history).toMatchInlineSnapshot(`
    [
      {
        "at": "2026-02-27T00:00:00Z",
        "event": "rotated",
        "generation": null,
        "migrated": true,
        "new_hash": "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "previous_entry": null,
        "previous_hash": null,
        "token_name": "API_KEY",
        "triggered_by": {
          "kind": "cli",
        },
      },
      {
        "at": "2026-02-28T00:00:00.500Z",
        "event": "rotated",
        "generation": null,
        "migrated": true,
        "new_hash": null,
        "previous_entry": "182b10f00f2b1fe36cbdff39fea62482dbf0a1eb01f6e94a94ab807910eb9ac1",
        "previous_hash": "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "token_name": "API_KEY",
        "triggered_by": {
          "kind": "scheduler",
        },
      },
      {
        "at": "2026-02-01T00:00:00Z",
        "event": "rotated",
        "generation": null,
        "migrated": true,
        "new_hash": null,
        "previous_entry": "280cb8e755c007bc213d19eb9edf349348a79641ed91779a3104b68d6851e054",
        "previous_hash": null,
        "token_name": "REMOVED",
        "triggered_by": {
          "kind": "cli",
        },
      },
    ]
  `);
  expect(verifyChain(history).ok).toBe(true);
  expect(validateConfig(config, LOCAL)).toEqual([]);
  expect(validateConfig(config, GITHUB).map(({ code, pointer }) => `${code} ${pointer}`)).toEqual([
    "reserved-name /tokens/GITHUB_TOKEN",
  ]);
});

describe("other shapes of the same", () => {
  test("tokens that are plain texts, workflows that are lists, times without seconds, values in other sections", () => {
    const { config, exposed, warnings } = migrate({
      tokens: { A: CANARY, B: 12345, C: { last_rotated: 1772323200 }, D: { type: "custom" } },
      workflows: { hourly: ["A"], list: "B" },
      rotation_history: [
        { token_name: "C", rotated_at: "2026-02-28 10:00", reason: "API call", old_token: CANARY },
      ],
      secrets: { D: CANARY },
    });
    expect(exposed).toEqual(["A", "B", "C", "D"]);
    expect(config).toMatchInlineSnapshot(`
      {
        "state": {
          "history": {
            "digest": "fa495f44db89dcd033b3d24014608399c39fe63286d30adbf5955c7cd6385c52",
            "entries": 1,
          },
          "tokens": {
            "A": {
              "current": null,
              "exposed_at": "2026-03-01T12:00:00Z",
              "failures": 0,
              "last_error": null,
              "pending": null,
            },
            "B": {
              "current": null,
              "exposed_at": "2026-03-01T12:00:00Z",
              "failures": 0,
              "last_error": null,
              "pending": null,
            },
            "C": {
              "current": {
                "destinations": {},
                "fingerprint": null,
                "generation": 1,
                "ref": null,
                "rotated_at": "2026-03-01T00:00:00Z",
              },
              "exposed_at": "2026-03-01T12:00:00Z",
              "failures": 0,
              "last_error": null,
              "pending": null,
            },
            "D": {
              "current": null,
              "exposed_at": "2026-03-01T12:00:00Z",
              "failures": 0,
              "last_error": null,
              "pending": null,
            },
          },
        },
        "tokens": {
          "A": {},
          "B": {},
          "C": {},
          "D": {
            "type": "custom",
          },
        },
        "version": 1,
        "workflows": {
          "hourly": {
            "enabled": false,
            "schedule": "@daily",
            "tokens": [
              "A",
            ],
          },
          "list": {
            "enabled": false,
            "schedule": "@daily",
            "tokens": [
              "B",
            ],
          },
        },
      }
    `);
    expect(warnings).toMatchInlineSnapshot(`
      [
        "The workflow "hourly" has no schedule that this version can read: it is disabled until you write one, as "17 2 * * *", and enable it.",
        "The workflow "list" has no schedule that this version can read: it is disabled until you write one, as "17 2 * * *", and enable it.",
        "Times without a zone were taken as UTC.",
        "Left out of the file: "secrets"; it has no counterpart.",
      ]
    `);
  });

  test("nothing at all but the mark of the first version", () => {
    expect(migrate({ rotation_rules: {} })).toEqual({
      from: "first-version",
      config: { version: 1, tokens: {}, state: { tokens: {} } },
      history: [],
      exposed: [],
      warnings: [],
    });
  });

  test("a time ahead of this clock counts as now", () => {
    const { config } = migrate({
      tokens: { A: { value: "x", last_rotated: "2999-01-01T00:00:00Z" } },
    });
    expect(config.state?.tokens?.A?.current?.rotated_at).toBe("2026-03-01T12:00:00Z");
  });
});

describe("refuses", () => {
  const refusal = (text: string) => {
    try {
      migrateFile(text, NOW);
    } catch (error) {
      if (error instanceof Misconfigured) return error;
      throw error;
    }
    return expect.fail("it was accepted");
  };

  test.each([
    ["a file of this version", '{"version": 1, "tokens": {"A": {}}}', "already-migrated"],
    [
      "a file of this version that does not say so",
      '{"tokens": {"A": {"type": "api_key"}}}',
      "already-migrated",
    ],
    [
      "a file of this version with a value put in",
      '{"version": 1, "tokens": {"A": {"value": "x"}}}',
      "already-migrated",
    ],
    ["what is not JSON", `{"tokens": {"A": {"value": "${CANARY}`, "json-syntax"],
    ["what is not an object", `["${CANARY}"]`, "not-a-config"],
    [
      "a value in a name",
      JSON.stringify({
        tokens: { A: { value: CANARY } },
        workflows: { [`w-${CANARY}`]: { tokens: ["A"], schedule: "@daily" } },
      }),
      "value-as-name",
    ],
  ])("%s", (_, text, code) => {
    const error = refusal(text);
    expect(error.code).toBe(code);
    expect(JSON.stringify([error.message, error.hint, error.problems, error.cause])).not.toContain(
      "c4N4ry",
    );
  });
});

test("no value comes out, wherever it stood", () => {
  const value = fc.stringMatching(/^c4N4ry[A-Za-z0-9!]{14,30}$/);
  const anything = fc.oneof(
    value,
    fc.jsonValue({ maxDepth: 1 }),
    fc.constantFrom("2026-01-01T00:00:00", "api_key", "0 0 * * *", 24, true, null),
  );
  const key = fc.constantFrom(
    "value",
    "token",
    "type",
    "prefix",
    "length",
    "last_rotated",
    "hash",
    "created_at",
    "notes",
    "groups",
    "issuer",
    "destinations",
    "x-y",
    "interval_hours",
    "auto_rotate",
    "schedule",
    "tokens",
    "timezone",
    "enabled",
    "token_name",
    "timestamp",
    "new_hash",
    "triggered_by",
    "reason",
  );
  const entry = fc.oneof(
    fc.dictionary(key, fc.oneof(anything, fc.array(anything, { maxLength: 3 })), {
      noNullPrototype: true,
    }),
    anything,
  );
  const section = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.dictionary(
        fc.constantFrom("A", "B_2", "GITHUB_X", "a-b", "ALL_TOKENS"),
        entry,
        { noNullPrototype: true },
      ),
    },
    { weight: 1, arbitrary: anything },
    { weight: 2, arbitrary: fc.array(entry) },
  );
  const file = fc.record(
    {
      tokens: section,
      rotation_rules: section,
      workflows: section,
      history: section,
      rotation_history: section,
      settings: section,
      extra: section,
    },
    { requiredKeys: ["rotation_rules"] },
  );
  fc.assert(
    fc.property(file, (old) => {
      let migrated: ReturnType<typeof migrate>;
      try {
        migrated = migrate(old);
      } catch (error) {
        // A text that is a prefix here and a value there.
        expect(error).toMatchObject({ code: "value-as-name" });
        return;
      }
      const { config, history, exposed, warnings } = migrated;
      expect(JSON.stringify([config, history, exposed, warnings])).not.toContain("c4N4ry");
      const parsed = parseConfig(serializeConfig(config), LOCAL);
      const told = parsed.ok ? [] : parsed.problems.map(({ message }) => message);
      for (const message of told)
        expect(warnings.some((warning) => warning.includes(message))).toBe(true);
      for (const name of exposed)
        expect(config.state?.tokens?.[name]?.exposed_at).toBe("2026-03-01T12:00:00Z");
    }),
    { numRuns: 1000 },
  );
});
