import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BACKOFF_BASE_MS, BACKOFF_MAX_MS, next, nextGeneration, type RotationEvent, remaining, stageOf, TRANSITIONS } from "./rotation.ts";
import type { TokenState } from "./schema.ts";
import { NEW_TOKEN_STATE } from "./token.ts";

const NOW = new Date("2026-03-01T00:00:00Z");
const IDS = ["actions:o/r:A", "vault:local:A"];
const ERROR = { kind: "denied", code: "denied", message: "Secrets: write is missing", hint: null } as const;
const BOXES = { "actions:o/r:A": { keyId: "k", sealed: "Ym94" }, "vault:local:A": { keyId: "v", sealed: "Ym94" } };

const begin: RotationEvent = { type: "begin", runId: "run-1", declaration: "d", destinations: IDS };
const issued: RotationEvent = { type: "issued", fingerprint: "sha256:aa", ref: null, expiresAt: null };
const sealed: RotationEvent = { type: "sealed", boxes: BOXES };

function after(state: TokenState, ...events: RotationEvent[]): TokenState {
  return events.reduce((current, event) => next(current, event, NOW).state, state);
}

describe("a rotation", () => {
  test("that goes well ends idle, one generation on, with nothing pending", () => {
    const effects: string[] = [];
    let state: TokenState = NEW_TOKEN_STATE;
    const events: RotationEvent[] = [
      begin,
      issued,
      sealed,
      ...IDS.map((destination) => ({ type: "placed", destination }) as const),
      { type: "settle" },
    ];
    for (const event of events) {
      const step = next(state, event, NOW);
      effects.push(`${stageOf(state)} --${event.type}--> ${stageOf(step.state)}, ${step.effect}`);
      state = step.state;
    }
    expect(effects).toEqual([
      "idle --begin--> intent, issue",
      "intent --issued--> issued, seal",
      "issued --sealed--> sealed, journal",
      "sealed --placed--> placing, place",
      "placing --placed--> placed, record",
      "placed --settle--> idle, record",
    ]);
    expect(state).toEqual({
      generation: 1,
      rotated_at: NOW.toISOString(),
      fingerprint: "sha256:aa",
      ref: null,
      expires_at: null,
      destinations: Object.fromEntries(
        IDS.map((id) => [id, { status: "placed", generation: 1, placed_at: NOW.toISOString(), error: null }]),
      ),
      pending: null,
      failures: 0,
      last_error: null,
    });
  });

  test("that one destination refused keeps its boxes, says what failed, and is tried again from there", () => {
    const half = after(NEW_TOKEN_STATE, begin, issued, sealed, { type: "placed", destination: IDS[0] ?? "" });
    const settled = after(half, { type: "refused", destination: IDS[1] ?? "", error: ERROR }, { type: "settle" });
    expect(stageOf(settled)).toBe("placing");
    expect(remaining(settled)).toEqual([IDS[1]]);
    expect(settled).toMatchObject({ generation: 0, failures: 1, last_error: { code: "denied", message: "Secrets: write is missing" } });
    expect(settled.next_attempt_at).toBe(new Date(NOW.getTime() + BACKOFF_BASE_MS).toISOString());
    const resumed = after(settled, { type: "resume", runId: "run-2" }, { type: "placed", destination: IDS[1] ?? "" }, { type: "settle" });
    expect(resumed).toMatchObject({ generation: 1, fingerprint: "sha256:aa", pending: null, failures: 0, last_error: null });
    expect(resumed.next_attempt_at).toBeUndefined();
  });

  test("that is begun anew over a pending one never reuses its number", () => {
    const pending = after({ ...NEW_TOKEN_STATE, generation: 4 }, begin, issued, sealed);
    expect(pending.pending?.generation).toBe(5);
    expect(after(pending, begin).pending?.generation).toBe(6);
  });

  test("backs off exponentially, up to a day", () => {
    const waits = [0, 1, 2, 10, 1000].map((failures) => {
      const failed = after({ ...NEW_TOKEN_STATE, failures }, { type: "abandon", error: ERROR });
      return Date.parse(failed.next_attempt_at ?? "") - NOW.getTime();
    });
    expect(waits).toEqual([BACKOFF_BASE_MS, 2 * BACKOFF_BASE_MS, 4 * BACKOFF_BASE_MS, BACKOFF_MAX_MS, BACKOFF_MAX_MS]);
  });

  test("refuses what its stage does not take", () => {
    expect(() => next(NEW_TOKEN_STATE, { type: "settle" }, NOW)).toThrow("a rotation that is idle cannot take the event settle");
    expect(() => next(after(NEW_TOKEN_STATE, begin), sealed, NOW)).toThrow("a rotation that is intent cannot take the event sealed");
  });
});

const anyEvent: fc.Arbitrary<RotationEvent> = fc.oneof(
  fc.constant(begin),
  fc.constantFrom<RotationEvent>(issued, { ...issued, fingerprint: "sha256:bb" }),
  fc.constantFrom<RotationEvent>(sealed, { type: "sealed", boxes: null }),
  fc.constant<RotationEvent>({ type: "resume", runId: "run-2" }),
  fc.constantFrom<RotationEvent>(...IDS.map((destination) => ({ type: "placed", destination }) as const)),
  fc.constantFrom<RotationEvent>(...IDS.map((destination) => ({ type: "refused", destination, error: ERROR }) as const)),
  fc.constant<RotationEvent>({ type: "settle" }),
  fc.constant<RotationEvent>({ type: "abandon", error: ERROR }),
);

describe("whatever happens to a rotation", () => {
  test("its generation only grows, and only when every destination was placed with it", () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 40 }), (events) => {
        let state: TokenState = NEW_TOKEN_STATE;
        for (const event of events) {
          if (!TRANSITIONS[stageOf(state)].includes(event.type)) continue;
          const before = state;
          state = next(state, event, NOW).state;
          expect(state.generation).toBeGreaterThanOrEqual(before.generation);
          expect(nextGeneration(state)).toBeGreaterThan(state.generation);
          if (state.generation === before.generation) continue;
          expect(event.type).toBe("settle");
          expect(IDS.map((id) => state.destinations[id])).toEqual(
            IDS.map(() => ({ status: "placed", generation: state.generation, placed_at: NOW.toISOString(), error: null })),
          );
          expect(state.fingerprint).toBe(before.pending?.fingerprint);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("a state never forgets what is pending without having placed it, given it up, or begun another", () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 40 }), (events) => {
        let state: TokenState = NEW_TOKEN_STATE;
        for (const event of events) {
          if (!TRANSITIONS[stageOf(state)].includes(event.type)) continue;
          const before = state;
          state = next(state, event, NOW).state;
          if (before.pending === null || state.pending?.generation === before.pending.generation) continue;
          expect(["settle", "abandon", "begin"]).toContain(event.type);
          if (event.type === "settle") expect(remaining(before)).toEqual([]);
          if (event.type === "abandon") expect(before.pending.stage).not.toBe("sealed");
        }
      }),
      { numRuns: 2000 },
    );
  });
});
