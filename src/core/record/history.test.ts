import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { HistoryEntry } from "../model/schema.ts";
import {
  canonicalJson,
  chainEntries,
  dayFiles,
  entryDigest,
  entryName,
  filesOfEntries,
  type HistoryDraft,
  historyLines,
  historyPath,
  isEntry,
  linesOf,
  newestDigest,
  parseEntry,
  verifyChain,
} from "./history.ts";

function draft(n: number, at = "2026-11-05T02:07:00Z"): HistoryDraft {
  return {
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
const chain = (count: number) => chainEntries(drafts(count));

describe("canonical JSON", () => {
  test("matches the example of RFC 8785, section 3.2.2, except for the spelling of numbers", () => {
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

  test("means the same as JSON, in any order of keys", () => {
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

describe("chaining", () => {
  test("each entry holds the SHA-256 of the canonical JSON of the one before", () => {
    const [first, second, ...rest] = chainEntries([draft(1), { ...draft(2), error: "put-failed" }]);
    const canonical =
      '{"at":"2026-11-05T02:07:00Z","event":"rotated","generation":1,"new_hash":"sha256:1","previous_entry":null,"previous_hash":null,"token_name":"API_KEY","triggered_by":{"kind":"schedule"}}';
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

  test("gives the same chain in steps or at once", () => {
    const start = chain(2);
    const later = chainEntries(drafts(5).slice(2), entryDigest(start[1] ?? absent()));
    expect([...start, ...later]).toEqual(chain(5));
  });

  test("a draft cannot choose its own place", () => {
    expect(chainEntries([{ ...draft(1), previous_entry: "forged" }])[0]?.previous_entry).toBeNull();
  });

  test("a name shows the time, the subject and the event, and nothing random", () => {
    const [entry = absent()] = chain(1);
    expect(entryName(entry)).toBe("2026-11-05T02:07:00Z/API_KEY/g0/rotated");
    const proved = { ...entry, event: "proved", token_name: null, generation: null };
    expect(entryName({ ...proved, token_names: ["A", "B"] })).toBe(
      "2026-11-05T02:07:00Z/A,B/proved",
    );
    const by = { kind: "cli", workflow_name: "nightly" };
    expect(entryName({ ...proved, event: "workflow_set", triggered_by: by })).toBe(
      "2026-11-05T02:07:00Z/nightly/workflow_set",
    );
  });
});

function absent(): never {
  throw new Error("the chain is shorter than the test says");
}

describe("verifying", () => {
  const whole = () => chain(4);
  const broken = (entries: readonly HistoryEntry[], before?: string | null) =>
    verifyChain(entries, before).breaks.map((each) => [each.index, each.entry, each.kind]);

  test("a chain, its later part, and nothing", () => {
    expect(verifyChain(whole(), null)).toEqual({ ok: true, breaks: [] });
    expect(verifyChain(whole().slice(2))).toEqual({ ok: true, breaks: [] });
    expect(verifyChain(whole().slice(2), entryDigest(whole()[1] ?? absent()))).toEqual({
      ok: true,
      breaks: [],
    });
    expect(verifyChain([], null)).toEqual({ ok: true, breaks: [] });
  });

  test("a file that was formatted again, its keys in another order", () => {
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
        entry: "2026-11-05T02:07:00Z/API_KEY/g2/rotated",
        kind: "edited-or-missing",
        message:
          "entry 2 follows an entry that is not here: the one before it was edited, or one is missing",
      },
    ]);
  });

  test("a removal, a swap, a copy, a forged beginning", () => {
    const [a = absent(), b = absent(), c = absent(), d = absent()] = whole();
    expect(broken([a, b, d])).toEqual([[2, entryName(d), "edited-or-missing"]]);
    expect(broken([b, c, d], null)).toEqual([[0, entryName(b), "edited-or-missing"]]);
    expect(broken([a, c, b, d])).toEqual([
      [1, entryName(c), "reordered"],
      [2, entryName(b), "reordered"],
      [3, entryName(d), "reordered"],
    ]);
    expect(broken([a, b, b, c, d])).toEqual([[2, entryName(b), "reordered"]]);
    expect(broken([a, b, { ...c, previous_entry: null }, d])).toEqual([
      [2, entryName(c), "restarted"],
      [3, entryName(d), "edited-or-missing"],
    ]);
  });

  const length = fc.integer({ min: 2, max: 12 });
  const place = fc.nat(1000);

  test("any single edit shows, except in the newest entry", () => {
    const fields = ["at", "event", "token_name", "new_hash", "previous_hash"] as const;
    fc.assert(
      fc.property(length, place, fc.constantFrom(...fields), (size, at, field) => {
        const entries = chain(size);
        const index = at % (size - 1);
        const edited = entries.with(index, { ...(entries[index] ?? absent()), [field]: "forged" });
        expect(verifyChain(edited, null).ok).toBe(false);
      }),
    );
  });

  test("any single removal shows, except of the newest entry, and any swap and any copy inside", () => {
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

describe("the files", () => {
  test("entries go to the UTC day they happened on, beside the record", () => {
    const times = [
      "2026-10-31T23:59:59Z",
      "2026-11-01T00:30:00+01:00",
      "2026-11-01T00:00:00Z",
      "2026-12-31T23:30:00-01:00",
      "2027-01-01T23:59:59.999Z",
    ];
    const files = filesOfEntries(
      "ops/secrets/token_config.json",
      chainEntries(times.map((at, n) => draft(n, at))),
    );
    const days = [...files].map(([path, text]) => [
      path,
      linesOf(text).map(({ line }) => parseEntry(line)?.at),
    ]);
    expect(days).toEqual([
      ["ops/secrets/token_history/2026-10/31.jsonl", times.slice(0, 2)],
      ["ops/secrets/token_history/2026-11/01.jsonl", times.slice(2, 3)],
      ["ops/secrets/token_history/2027-01/01.jsonl", times.slice(3)],
    ]);
  });

  test("lie beside the record in any folder", () => {
    const at = "2026-12-01T02:07:00Z";
    expect(historyPath("token_config.json", at)).toBe("token_history/2026-12/01.jsonl");
    expect(historyPath("a/b/c.json", at)).toBe("a/b/token_history/2026-12/01.jsonl");
  });

  test("are picked from other paths, the newest first", () => {
    const paths = [
      "token_history/2026-12/01.jsonl",
      "token_history/2026-11.jsonl",
      "token_history/10000-01/01.jsonl",
      "token_history/2026-12/02.jsonl",
      "token_history/2026-12/02.jsonl.bak",
      "token_history/README.md",
      "token_history/2026-12/x/02.jsonl",
      "elsewhere/token_history/2026-12/03.jsonl",
    ];
    expect(dayFiles("token_config.json", paths)).toEqual([
      "token_history/10000-01/01.jsonl",
      "token_history/2026-12/02.jsonl",
      "token_history/2026-12/01.jsonl",
    ]);
  });

  test("hold one line of JSON for each entry; a byte order mark and blank lines are ignored", () => {
    expect(historyLines(chain(2))).toBe(
      chain(2)
        .map((entry) => `${JSON.stringify(entry)}\n`)
        .join(""),
    );
    expect(historyLines([])).toBe("");
    expect(linesOf("\ufeffa\r\n\n b\n")).toEqual([
      { line: "a", number: 1 },
      { line: " b", number: 3 },
    ]);
  });

  test("give the newest entry's digest, null without entries, undefined if the last line is not an entry", () => {
    const text = historyLines(chain(3));
    expect(newestDigest(text)).toBe(entryDigest(chain(3)[2] ?? absent()));
    expect([newestDigest(null), newestDigest("\n"), newestDigest(`${text}{"at":\n`)]).toEqual([
      null,
      null,
      undefined,
    ]);
  });

  test.each([null, 5, "x", [], {}, { at: 1, event: "x" }, { at: "x", event: "y" }])(
    "%j is not an entry",
    (value) => {
      expect(isEntry(value)).toBe(false);
      expect(parseEntry(JSON.stringify(value))).toBeNull();
    },
  );
});
