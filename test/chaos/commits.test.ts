import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  type Commit,
  type Entry,
  generationViolations,
  historyViolations,
  type RecordText,
} from "./commits.ts";

type Token = NonNullable<NonNullable<RecordText["state"]>["tokens"]>[string];

function token(
  generation: number,
  fingerprint: string | null,
  pending: [number, string | null] | null = null,
): Token {
  const next =
    pending === null ? null : { generation: pending[0], fingerprint: pending[1], boxes: null };
  const current = { generation, fingerprint, destinations: {} };
  return { current, failures: 0, pending: next };
}

// The entries' keys are in order already, so this is their canonical JSON.
const digest = (one: Entry) => createHash("sha256").update(JSON.stringify(one)).digest("hex");

function commit(
  oid: string,
  history: readonly Entry[],
  tokens: Record<string, Token> = {},
): Commit {
  const newest = history.at(-1);
  const named = {
    entries: history.length,
    digest: newest === undefined ? null : digest(newest),
  };
  return { oid, message: "", files: {}, history, record: { state: { tokens, history: named } } };
}

const states = (...tokens: Token[]) =>
  generationViolations(tokens.map((one, index) => commit(`${index}`, [], { A: one })));

describe("generations", () => {
  test("one after the other, and one given up on the way, are in order", () => {
    const given = [
      token(1, "f1"),
      token(1, "f1", [2, "f2"]),
      token(1, "f1", [3, "f3"]),
      token(3, "f3"),
    ];
    expect(states(...given)).toEqual([]);
  });

  test("a number for two values, a number left out, a step back, a pending one that is old are seen", () => {
    expect(states(token(1, "f1", [2, "f2"]), token(1, "f1", [2, "other"]))).toEqual([
      "generation 2 of A stands for two values",
    ]);
    expect(states(token(1, "f1"), token(3, "f3"))).toEqual(["generation 2 of A was skipped"]);
    expect(states(token(2, "f2"), token(1, "f1"))).toEqual(["A goes back to generation 1"]);
    expect(states(token(2, "f2", [2, "f2"]))).toEqual([
      "A has generation 2 pending, which is not newer than its current one",
    ]);
  });
});

describe("the history", () => {
  const entry = (at: string, previous_entry: string | null): Entry => ({
    at,
    event: "rotated",
    previous_entry,
    token_name: "A",
  });
  const first = entry("1", null);
  const second = entry("2", digest(first));
  const third = entry("3", digest(second));

  test("that grows at its end, each entry naming the one before, is unbroken", () => {
    expect(
      historyViolations([
        commit("a", []),
        commit("b", [first]),
        commit("c", [first, second, third]),
      ]),
    ).toEqual([]);
  });

  test("entries edited, dropped, out of the chain or told twice are seen", () => {
    const edited = { ...first, event: "failed" };
    expect(historyViolations([commit("aaaaaaa1", [first]), commit("bbbbbbb1", [edited])])).toEqual([
      "commit bbbbbbb changes or drops history entries",
    ]);
    expect(historyViolations([commit("a", [first, second]), commit("b", [first])])).toEqual([
      "commit b changes or drops history entries",
    ]);
    expect(historyViolations([commit("a", [first, third])])).toEqual([
      "at commit a the history's chain is broken at entry 1",
    ]);
    expect(
      historyViolations([commit("a", [entry("1", null), { ...entry("1", digest(first)) }])]),
    ).toEqual(["commit a records an event twice"]);
    const lost = { ...commit("a", [first, second]), history: [first] };
    expect(historyViolations([lost])).toEqual([
      "at commit a the record names another history than the files hold",
    ]);
  });
});
