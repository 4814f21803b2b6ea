import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { HistoryEntry } from "../model/schema.ts";
import {
  appendHistory,
  canonicalJson,
  entryDigest,
  type HistoryDraft,
  historyLines,
  historyPath,
  rollOver,
  verifyChain,
} from "./history.ts";

function draft(n: number, at = "2026-11-05T02:07:00Z"): HistoryDraft {
  return {
    id: `run-${n}/API_KEY/rotated`,
    at,
    event: "rotated",
    token_name: "API_KEY",
    generation: n,
    previous_hash: null,
    new_hash: `sha256:${n}`,
    triggered_by: { kind: "schedule" },
  };
}

const drafts = (count: number) => Array.from({ length: count }, (_, n) => draft(n));
const chain = (count: number) => appendHistory([], drafts(count));

describe("canonical JSON", () => {
  test("the example of RFC 8785, section 3.2.2, but for its numbers' spelling", () => {
    const value = {
      string: "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\u002f",
      literals: [null, true, false],
      numbers: [333333333.3333333, 1e30, 4.5, 2e-3, 1e-27],
    };
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  test("keys are sorted by UTF-16 code unit, as in section 3.2.3", () => {
    const keys = ["\u20ac", "\r", "\ufb33", "1", "\ud83d\ude00", "\u0080", "\u00f6"];
    const sorted = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\ud83d\ude00", "\ufb33"];
    expect(canonicalJson(Object.fromEntries(keys.map((key) => [key, 0])))).toBe(
      `{${sorted.map((key) => `${JSON.stringify(key)}:0`).join(",")}}`,
    );
  });

  test("means what JSON means, whatever the order of keys", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(JSON.parse(text))).toBe(text);
      }),
    );
    expect(canonicalJson({ b: undefined, a: [undefined] })).toBe('{"a":[null]}');
  });
});

describe("appending", () => {
  test("each entry holds the SHA-256 of the canonical JSON of the one before", () => {
    const [first, second, ...rest] = appendHistory(
      [],
      [draft(1), { ...draft(2), error: "put-failed" }],
    );
    const canonical =
      '{"at":"2026-11-05T02:07:00Z","event":"rotated","generation":1,"id":"run-1/API_KEY/rotated","new_hash":"sha256:1","previous_entry":null,"previous_hash":null,"token_name":"API_KEY","triggered_by":{"kind":"schedule"}}';
    expect([first, second, rest]).toEqual([
      { ...draft(1), previous_entry: null },
      {
        ...draft(2),
        error: "put-failed",
        previous_entry: createHash("sha256").update(canonical).digest("hex"),
      },
      [],
    ]);
  });

  test("in steps or at once, it is the same chain, and what was given stays as it was", () => {
    const once = chain(5);
    const start = Object.freeze(chain(2));
    expect(appendHistory(start, drafts(5).slice(2))).toEqual(once);
    expect(start).toHaveLength(2);
  });

  test("the first entry after everything moved away points at the last that moved", () => {
    expect(appendHistory([], [draft(1)], "abc")[0]?.previous_entry).toBe("abc");
    expect(appendHistory(chain(1), [draft(1)], "abc")).toEqual(chain(2));
  });

  test("what is recorded already is not recorded twice, but another event of that name is kept", () => {
    expect(appendHistory(chain(3), [draft(1), draft(2)])).toEqual(chain(3));
    const other = { ...draft(1), new_hash: "sha256:other" };
    expect(appendHistory(chain(3), [other]).at(-1)).toEqual({
      ...other,
      previous_entry: entryDigest(chain(3)[2] ?? absent()),
    });
  });

  test("a draft cannot choose its own place", () => {
    expect(
      appendHistory([], [{ ...draft(1), previous_entry: "forged" }])[0]?.previous_entry,
    ).toBeNull();
  });
});

function absent(): never {
  throw new Error("the chain is shorter than the test says");
}

describe("verifying", () => {
  const whole = () => chain(4);
  const broken = (entries: readonly HistoryEntry[], before?: string | null) =>
    verifyChain(entries, before).breaks.map((each) => [each.index, each.id, each.kind]);

  test("a chain, its later part, and nothing", () => {
    expect(verifyChain(whole(), null)).toEqual({ ok: true, breaks: [] });
    expect(verifyChain(whole().slice(2))).toEqual({ ok: true, breaks: [] });
    expect(verifyChain(whole().slice(2), entryDigest(whole()[1] ?? absent()))).toEqual({
      ok: true,
      breaks: [],
    });
    expect(verifyChain([], null)).toEqual({ ok: true, breaks: [] });
  });

  test("a file that was formatted anew, its keys in another order", () => {
    const shuffled = whole().map(
      (entry): HistoryEntry =>
        Object.assign(Object.fromEntries(Object.entries(entry).reverse()), entry),
    );
    expect(Object.keys(shuffled[0] ?? {})).not.toEqual(Object.keys(whole()[0] ?? {}));
    expect(verifyChain(shuffled, null).ok).toBe(true);
  });

  test("an edit", () => {
    expect(
      verifyChain(whole().with(1, { ...(whole()[1] ?? absent()), new_hash: null })).breaks,
    ).toEqual([
      {
        index: 2,
        id: "run-2/API_KEY/rotated",
        kind: "edited-or-missing",
        message:
          "what entry 2 follows is not here: the entry before it was edited, or one is missing",
      },
    ]);
  });

  test("a removal, a swap, a copy, a forged beginning", () => {
    const [a = absent(), b = absent(), c = absent(), d = absent()] = whole();
    expect(broken([a, b, d])).toEqual([[2, d.id, "edited-or-missing"]]);
    expect(broken([b, c, d], null)).toEqual([[0, b.id, "edited-or-missing"]]);
    expect(broken([a, c, b, d])).toEqual([
      [1, c.id, "reordered"],
      [2, b.id, "reordered"],
      [3, d.id, "reordered"],
    ]);
    expect(broken([a, b, b, c, d])).toEqual([[2, b.id, "reordered"]]);
    expect(broken([a, b, { ...c, previous_entry: null }, d])).toEqual([
      [2, c.id, "restarted"],
      [3, d.id, "edited-or-missing"],
    ]);
  });

  const length = fc.integer({ min: 2, max: 12 });
  const place = fc.nat(1000);

  test("any single edit shows, but for one of the newest entry", () => {
    const fields = ["id", "at", "event", "token_name", "new_hash", "previous_hash"] as const;
    fc.assert(
      fc.property(length, place, fc.constantFrom(...fields), (size, at, field) => {
        const entries = chain(size);
        const index = at % (size - 1);
        const edited = entries.with(index, { ...(entries[index] ?? absent()), [field]: "forged" });
        expect(verifyChain(edited, null).ok).toBe(false);
      }),
    );
  });

  test("any single removal shows, but for the newest entry; and any swap, and any copy inside", () => {
    fc.assert(
      fc.property(length, place, place, (size, one, two) => {
        const entries = chain(size);
        expect(verifyChain(entries.toSpliced(one % (size - 1), 1), null).ok).toBe(false);
        const [a, b] = [one % size, two % size];
        if (a !== b) {
          const swapped = entries.with(a, entries[b] ?? absent()).with(b, entries[a] ?? absent());
          expect(verifyChain(swapped, null).ok).toBe(false);
        }
        expect(verifyChain(entries.toSpliced(b, 0, entries[a] ?? absent()), null).ok).toBe(false);
      }),
    );
  });
});

describe("rolling over", () => {
  test("up to the limit nothing moves; beyond it, three quarters stay", () => {
    expect(rollOver(chain(10), 10)).toEqual({ kept: chain(10), moved: new Map() });
    const { kept, moved } = rollOver(chain(11), 10);
    expect(kept).toEqual(chain(11).slice(4));
    expect([...moved]).toEqual([["token_history/2026-11.jsonl", chain(11).slice(0, 4)]]);
  });

  test("entries go to the month they happened in, by UTC, beside the record", () => {
    const times = [
      "2026-10-31T23:59:59Z",
      "2026-11-01T00:30:00+01:00",
      "2026-11-01T00:00:00Z",
      "2026-12-31T23:30:00-01:00",
      "2027-01-02T00:00:00Z",
    ];
    const history = appendHistory(
      [],
      [
        ...times.map((at, n) => draft(n, at)),
        ...drafts(7).map((each, n) => ({ ...each, id: `late-${n}` })),
      ],
    );
    const { moved } = rollOver(history, 10, (at) =>
      historyPath("ops/secrets/token_config.json", at),
    );
    expect([...moved].map(([path, entries]) => [path, entries.map((entry) => entry.at)])).toEqual([
      ["ops/secrets/token_history/2026-10.jsonl", times.slice(0, 2)],
      ["ops/secrets/token_history/2026-11.jsonl", times.slice(2, 3)],
      ["ops/secrets/token_history/2027-01.jsonl", times.slice(3)],
    ]);
  });

  test("an entry dated before the one it follows stays with that one, so that the files give the chain in its order", () => {
    const times = ["2026-12-01T00:00:01Z", "2026-11-30T23:59:59Z"];
    const history = appendHistory(
      [],
      [
        ...times.map((at, n) => draft(n, at)),
        ...drafts(7).map((each, n) => ({ ...each, id: `late-${n}` })),
      ],
    );
    const { moved } = rollOver(history, 8);
    expect([...moved].map(([path, entries]) => [path, entries.length])).toEqual([
      ["token_history/2026-12.jsonl", 3],
    ]);
  });

  test("what moved, read back, and what stayed are the whole chain", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 10, max: 40 }),
        (size, limit) => {
          const history = appendHistory(
            [],
            Array.from({ length: size }, (_, n) =>
              draft(n, new Date(Date.UTC(2026, 0, 1 + 5 * n)).toISOString()),
            ),
          );
          const { kept, moved } = rollOver(history, limit);
          const lines = [...moved.keys()].sort().map((path) => historyLines(moved.get(path) ?? []));
          const read: HistoryEntry[] = lines
            .join("")
            .split("\n")
            .flatMap((line) => (line === "" ? [] : [JSON.parse(line)]));
          expect([...read, ...kept]).toEqual(history);
          expect(verifyChain([...read, ...kept], null).ok).toBe(true);
          expect(kept.length).toBeLessThanOrEqual(limit);
          expect(verifyChain(appendHistory(kept, [draft(99)])).ok).toBe(true);
        },
      ),
    );
  });

  test("lines are JSON, one an entry, each ended", () => {
    expect(historyLines(chain(2))).toBe(
      chain(2)
        .map((entry) => `${JSON.stringify(entry)}\n`)
        .join(""),
    );
    expect(historyLines([])).toBe("");
  });

  test("the file lies beside the record, wherever that is", () => {
    expect(historyPath("token_config.json", "2026-11-05T02:07:00Z")).toBe(
      "token_history/2026-11.jsonl",
    );
    expect(historyPath("a/b/c.json", "2026-11-05T02:07:00Z")).toBe(
      "a/b/token_history/2026-11.jsonl",
    );
  });
});
