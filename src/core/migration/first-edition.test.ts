import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LOCAL } from "../../../test/problems.ts";
import { parseConfig, serializeConfig } from "../config/parse.ts";
import type { TokenState } from "../model/schema.ts";
import { lastPlacement, liveGeneration } from "../model/token.ts";
import { next, remaining, stageOf } from "../rotation/state.ts";
import { type FlatTokenState, nestState } from "./first-edition.ts";
import { migrate } from "./migrate.ts";

const NOW = new Date("2026-03-01T12:00:00Z");
const ONE = "actions:o/r:A";
const TWO = "actions:o/r:B";
const AT = "2026-02-01T00:00:00.000Z";
const LATER = "2026-02-02T00:00:00.000Z";
const ERROR = { at: LATER, code: "denied", message: "no" };

const flatPending = (more: object = {}) => ({
  generation: 3,
  stage: "sealed",
  run_id: "run-3",
  started_at: LATER,
  lease_until: LATER,
  declaration: "d",
  fingerprint: "sha256:three",
  ref: "three",
  issuer: "http",
  issuing: { use: "http" },
  label: "o/r/A/g3",
  expires_at: null,
  destinations: [ONE, TWO],
  boxes: { [ONE]: { key_id: "k", sealed: "Ym94" }, [TWO]: { key_id: "k", sealed: "Ym94" } },
  requests: [{ id: "1", asked: "2" }],
  ...more,
});
const placedAt = (generation: number, at = AT) => ({
  status: "placed" as const,
  generation,
  placed_at: at,
  error: null,
});
const FLAT = {
  generation: 2,
  rotated_at: AT,
  fingerprint: "sha256:two",
  fingerprint_key: "key",
  fingerprints: { username: null },
  ref: "two",
  issuer: "http",
  issuing: { use: "http" },
  expires_at: "2026-04-01T00:00:00Z",
  proved_at: AT,
  destinations: { [ONE]: { ...placedAt(2), proved_at: AT }, [TWO]: placedAt(2) },
  pending: null,
  failures: 0,
  last_error: null,
};

/** The state of `A` after the file was migrated and read again. */
function migrated(flat: object): TokenState {
  const text = JSON.stringify({ version: 1, tokens: { A: {} }, state: { tokens: { A: flat } } });
  const { from, config, exposed } = migrate(text, NOW);
  expect([from, exposed]).toEqual(["first-edition", []]);
  const parsed = parseConfig(serializeConfig(config), LOCAL);
  const state = parsed.ok ? parsed.config.state?.tokens?.A : undefined;
  return state ?? expect.fail(JSON.stringify(parsed));
}

describe("a flat token state", () => {
  test("of a token that rests has its live credential nested, and the rest as it was", () => {
    const more = {
      failures: 1,
      last_error: ERROR,
      next_attempt_at: LATER,
      previous_fingerprint: "sha256:one",
      seen_at: AT,
      exposed_at: null,
      retiring: [{ generation: 1, ref: "one", fingerprint: null, issuer: "http" }].map((one) => ({
        ...one,
        replaced_at: AT,
        proved_at: null,
        failures: 0,
        last_error: null,
      })),
      "x-newer": { kept: true },
    };
    const { pending, failures, last_error, ...live } = FLAT;
    expect(migrated({ ...FLAT, ...more })).toEqual({ current: live, pending, ...more });
  });

  test("that was half placed says what each destination holds, and is finished from its boxes", () => {
    const refused = { status: "failed", generation: 2, placed_at: AT, error: ERROR };
    const state = migrated({
      ...FLAT,
      destinations: { [ONE]: placedAt(3, LATER), [TWO]: refused },
      pending: flatPending(),
    });
    expect(state.current).toMatchObject({ generation: 2, destinations: { [TWO]: placedAt(2) } });
    expect(state.pending).toEqual(
      flatPending({ destinations: { [ONE]: placedAt(3, LATER), [TWO]: refused } }),
    );
    expect([stageOf(state), remaining(state)]).toEqual(["placing", [TWO]]);
    const done = next(
      next(state, { type: "placed", destination: TWO }, NOW),
      { type: "settle", stuckAfter: 8 },
      NOW,
    );
    expect(done).toMatchObject({
      current: { generation: 3, fingerprint: "sha256:three", ref: "three", label: "o/r/A/g3" },
      previous_fingerprint: "sha256:two",
      retiring: [{ generation: 2, ref: "two" }],
    });
  });

  test("that was only begun waits everywhere; a refusal of an earlier generation is not this one's", () => {
    const old = { status: "failed", generation: 2, placed_at: AT, error: { ...ERROR, at: AT } };
    const state = migrated({
      ...FLAT,
      destinations: { [ONE]: placedAt(2), [TWO]: old },
      pending: flatPending(),
    });
    expect(state.pending?.destinations).toEqual({
      [ONE]: { status: "waiting", generation: 2, placed_at: AT },
      [TWO]: { status: "waiting", generation: 2, placed_at: AT },
    });
    expect(stageOf(state)).toBe("sealed");
  });

  test("whose newer generation was given up keeps where that one stands", () => {
    const state = migrated({
      ...FLAT,
      destinations: { [ONE]: placedAt(3, LATER), [TWO]: placedAt(2) },
      abandoned_generation: 3,
    });
    expect(state.stray).toEqual({ [ONE]: placedAt(3, LATER) });
    expect(Object.keys(state.current?.destinations ?? {})).toEqual([TWO]);
  });

  test("that was never rotated has no live credential; an adopted one stays a person's", () => {
    const blank = { destinations: {}, pending: null, failures: 0, last_error: null };
    const flat = { generation: 0, rotated_at: null, fingerprint: null, ...blank };
    expect(migrated(flat)).toEqual({ current: null, pending: null, failures: 0, last_error: null });
    expect(migrated({ ...flat, issuer: "manual" })).toMatchObject({
      current: null,
      adopted: { at: null },
    });
  });

  test("damaged is refused with the place that is wrong, and mixed with nested ones only it is changed", () => {
    const document = (A: object) =>
      JSON.stringify({ version: 1, tokens: {}, state: { tokens: { A } } });
    expect(() => migrate(document({ ...FLAT, generation: "two" }), NOW)).toThrow(
      "the record cannot be migrated yet: state.tokens.A.generation is not as the program writes it",
    );
    expect(() => migrate(document({ ...FLAT, failures: "none" }), NOW)).toThrow("failures");
    const nested = { current: null, pending: null, failures: 2, last_error: null };
    const both = { version: 1, tokens: {}, state: { tokens: { A: FLAT, B: nested } } };
    expect(migrate(JSON.stringify(both), NOW).config.state?.tokens?.B).toEqual(nested);
  });
});

const ids = fc.constantFrom(ONE, TWO, "vault:local:A");
const instant = fc.constantFrom(AT, LATER, "2026-02-03T00:00:00Z");
const text = fc.option(fc.constantFrom("sha256:a", "sha256:b"), { nil: null });
const flatPlacement = fc.record({
  status: fc.constantFrom("placed" as const, "failed" as const),
  generation: fc.nat(5),
  placed_at: fc.option(instant, { nil: null }),
  error: fc.option(fc.record({ at: instant, code: fc.constant("x"), message: fc.constant("x") }), {
    nil: null,
  }),
});
const flatState: fc.Arbitrary<FlatTokenState> = fc
  .record(
    {
      generation: fc.nat(4),
      rotated_at: fc.option(instant, { nil: null }),
      fingerprint: text,
      ref: text,
      issuer: fc.constantFrom("generate", "manual", "http"),
      expires_at: fc.option(instant, { nil: null }),
      proved_at: fc.option(instant, { nil: null }),
      destinations: fc.dictionary(ids, flatPlacement, { noNullPrototype: true }),
      pending: fc.option(
        fc
          .tuple(fc.integer({ min: 5, max: 6 }), fc.uniqueArray(ids))
          .map(([generation, destinations]) => flatPending({ generation, destinations })),
        { nil: null },
      ),
      failures: fc.nat(3),
      last_error: fc.constantFrom(null, ERROR),
      retiring: fc.array(
        fc.nat(4).map((generation) => ({ generation })),
        { maxLength: 2 },
      ),
      abandoned_generation: fc.nat(6),
      drift: fc.constantFrom({ at: AT, message: "else" }),
    },
    { requiredKeys: ["generation", "rotated_at", "fingerprint", "destinations", "pending"] },
  )
  .map((flat) => ({ failures: 0, last_error: null, ...flat }) as unknown as FlatTokenState);

test("whatever the flat state was, nothing of it is lost", () => {
  fc.assert(
    fc.property(flatState, (flat) => {
      const state = nestState(flat) as unknown as TokenState;
      const { pending, current } = state;
      expect([
        liveGeneration(state),
        current?.fingerprint ?? null,
        current?.ref ?? null,
        current?.rotated_at ?? null,
        current?.proved_at ?? null,
        current?.expires_at ?? null,
      ]).toEqual([
        flat.generation,
        flat.fingerprint ?? null,
        flat.ref ?? null,
        flat.rotated_at ?? null,
        flat.proved_at ?? null,
        flat.expires_at ?? null,
      ]);
      for (const key of ["failures", "last_error", "retiring", "abandoned_generation", "drift"])
        expect(state[key]).toEqual(flat[key]);
      if (flat.pending) {
        const { destinations, ...rest } = flat.pending;
        expect(pending).toMatchObject(rest);
        expect(Object.keys(pending?.destinations ?? {})).toEqual(destinations);
        const reached = destinations.filter((id) => {
          const held = flat.destinations?.[id];
          return held?.status === "placed" && held.generation === flat.pending?.generation;
        });
        expect(remaining(state)).toEqual(destinations.filter((id) => !reached.includes(id)));
      } else expect(pending).toBeNull();
      for (const [id, { generation, placed_at }] of Object.entries(flat.destinations ?? {})) {
        if (generation > 0)
          expect(lastPlacement(state, id)).toMatchObject({ generation, placed_at });
      }
    }),
    { numRuns: 2000 },
  );
});
