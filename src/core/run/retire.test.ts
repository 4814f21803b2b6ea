import { describe, expect, test } from "vitest";
import { rotatedState } from "../../../test/token-states.ts";
import type { ProofMode, RetiringCredential, TokenConfig, TokenState } from "../model/schema.ts";
import type { Home } from "../model/token.ts";
import type { Issuer } from "../ports/issuer.ts";
import { dueRevocations, type Revocation, revoke } from "./retire.ts";

const HOME: Home = { kind: "github", repository: "acme/widgets" };
const NOW = new Date("2026-03-03T00:00:00Z");
const OLD: RetiringCredential = {
  generation: 1,
  ref: "key-1",
  fingerprint: null,
  issuer: "http",
  replaced_at: "2026-03-01T00:00:00Z",
  proved_at: null,
  failures: 0,
  last_error: null,
};
const NONE: ReadonlySet<string> = new Set();

function due(
  proof: ProofMode,
  {
    old = {},
    state = {},
    late = NONE,
  }: { old?: object; state?: object; late?: ReadonlySet<string> },
): boolean {
  const held: TokenState = {
    ...rotatedState({ generation: 2 }),
    ...state,
    retiring: [{ ...OLD, ...old }],
  };
  const config: TokenConfig = {
    version: 1,
    tokens: { ALPHA: { proof } },
    state: { tokens: { ALPHA: held } },
  };
  return dueRevocations(config, { home: HOME, now: NOW, late }).length > 0;
}

describe("a credential that was replaced is revoked", () => {
  const proved = { proved_at: "2026-03-02T00:00:00Z" };
  const seen = { seen_at: "2026-03-02T00:00:00Z" };

  test.each<[string, ProofMode, Parameters<typeof due>[1], boolean]>([
    ["once proved, where proof is required", "required", { old: proved }, true],
    ["not before it is proved, where proof is required", "required", {}, false],
    ["where no job was seen at all", "when-seen", {}, true],
    ["not while a job was seen with it", "when-seen", { state: seen }, false],
    [
      "once proved, although a job was seen with it before",
      "when-seen",
      { state: seen, old: proved },
      true,
    ],
    ["unseen, where no proof is asked for", "none", { state: seen }, true],
    [
      "not before its overlap is over",
      "none",
      { old: { replaced_at: "2026-03-02T00:00:01Z" } },
      false,
    ],
    ["not before a newer one is placed everywhere", "none", { old: { replaced_at: null } }, false],
    [
      "at once, where it was never placed",
      "required",
      { old: { replaced_at: null, never_placed: true } },
      true,
    ],
    ["not by the very run that sees it in use", "when-seen", { late: new Set(["ALPHA"]) }, false],
    [
      "nor where another job has proved the newer one",
      "required",
      { old: proved, late: new Set(["ALPHA"]) },
      false,
    ],
    ["in use, where no proof is asked for", "none", { late: new Set(["ALPHA"]) }, true],
  ])("%s", (_, proof, given, expected) => {
    expect(due(proof, given)).toBe(expected);
  });
});

test("five credentials are ended at a time, each by itself, in the order in which they were asked for", async () => {
  const going = new Set<string>();
  let most = 0;
  const end = async (ref: string) => {
    going.add(ref);
    most = Math.max(most, going.size);
    await new Promise(setImmediate);
    going.delete(ref);
    if (ref === "key-3") throw new Error("canary");
  };
  const never = () => Promise.reject(new Error("not asked here"));
  const issuer: Issuer = { issue: never, check: never, find: never, revoke: end };
  const refs = Array.from({ length: 20 }, (_, index) => `key-${index}`);
  const revocations = refs.map(
    (ref): Revocation => ({
      tokenName: ref,
      credential: { ...OLD, ref },
      issuing: { use: "http" },
      kept: new Set(),
      mayCome: false,
    }),
  );
  const revoked = await revoke(revocations, async () => issuer);
  expect(most).toBe(5);
  expect(revoked.map(({ credential }) => credential.ref)).toEqual(refs);
  expect(
    revoked
      .filter(({ error }) => error !== null)
      .map(({ tokenName, error }) => [tokenName, error?.code]),
  ).toEqual([["key-3", "unexpected"]]);
});
