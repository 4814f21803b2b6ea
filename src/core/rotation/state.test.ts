import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { rotatedState } from "../../../test/token-states.ts";
import type { CurrentCredential, TokenState } from "../model/schema.ts";
import { lastPlacement, liveGeneration, NEW_TOKEN_STATE } from "../model/token.ts";
import type { RotationEvent, Stage } from "./event.ts";
import {
  BACKOFF_BASE_MS,
  BACKOFF_MAX_MS,
  next,
  nextGeneration,
  remaining,
  STAGES,
  stageOf,
} from "./state.ts";

const NOW = new Date("2026-03-01T00:00:00Z");
const ONE = "actions:o/r:A";
const TWO = "vault:local:A";
const IDS = [ONE, TWO];
const LEASE = "2026-03-01T00:05:00.000Z";
const ERROR = {
  kind: "denied",
  code: "denied",
  message: "Secrets: write is missing",
  hint: null,
} as const;
const BOXES = { [ONE]: { keyId: "k", sealed: "Ym94" }, [TWO]: { keyId: "v", sealed: "Ym94" } };

const begin: RotationEvent = {
  type: "begin",
  runId: "run-1",
  declaration: "d",
  issuer: "http",
  destinations: IDS,
  leaseUntil: LEASE,
};
/** A credential that a service keeps and shows with this label. */
const announce = (label: string): RotationEvent => ({
  ...begin,
  outside: { label, issuing: { use: "generate" } },
});
const sealed: RotationEvent = { type: "sealed", boxes: BOXES };
const STUCK_AFTER = 2;
const settle: RotationEvent = { type: "settle", stuckAfter: STUCK_AFTER };
const abandon: RotationEvent = { type: "abandon", error: ERROR, stuckAfter: STUCK_AFTER };
/** The service holds nothing. */
const cleaned: RotationEvent = { ...abandon, clean: true };
const placedEvent = (destination: string): RotationEvent => ({ type: "placed", destination });
const refusedEvent = (destination: string): RotationEvent => ({
  type: "refused",
  destination,
  error: ERROR,
});
const issuedEvent = (name: string): RotationEvent => ({
  type: "issued",
  fingerprint: `sha256:${name}`,
  ref: name,
  expiresAt: null,
});
const whole = (name: string): RotationEvent[] => [
  begin,
  issuedEvent(name),
  sealed,
  placedEvent(ONE),
  placedEvent(TWO),
  settle,
];

function reach(state: TokenState, ...events: RotationEvent[]): TokenState {
  return events.reduce((current, event) => next(current, event, NOW), state);
}

describe("a rotation", () => {
  test("goes round: made, placed, proved, and the one before revoked", () => {
    const story: string[] = [];
    let state = reach(NEW_TOKEN_STATE, ...whole("one"), { type: "seen", verdict: "current" });
    const events: RotationEvent[] = [
      ...whole("two"),
      { type: "seen", verdict: "previous" },
      { type: "seen", verdict: "current" },
      { type: "revoke-failed", generation: 1, error: ERROR },
      { type: "revoked", generation: 1 },
    ];
    for (const event of events) {
      const after = next(state, event, NOW);
      story.push(`${stageOf(state)} --${event.type}--> ${stageOf(after)}`);
      state = after;
    }
    expect(story).toEqual([
      "idle --begin--> intent",
      "intent --issued--> issued",
      "issued --sealed--> sealed",
      "sealed --placed--> placing",
      "placing --placed--> placing",
      "placing --settle--> placed",
      "placed --seen--> placed",
      "placed --seen--> proved",
      "proved --revoke-failed--> retiring",
      "retiring --revoked--> idle",
    ]);
    expect(state).toEqual({
      current: {
        generation: 2,
        fingerprint: "sha256:two",
        ref: "two",
        issuer: "http",
        expires_at: null,
        destinations: Object.fromEntries(
          IDS.map((id) => [
            id,
            { status: "placed", generation: 2, placed_at: NOW.toISOString(), error: null },
          ]),
        ),
        rotated_at: NOW.toISOString(),
        proved_at: NOW.toISOString(),
      },
      pending: null,
      previous_fingerprint: "sha256:one",
      seen_at: NOW.toISOString(),
      failures: 0,
      last_error: null,
      issues: { day: "2026-03-01", count: 2 },
    });
  });

  test("that one destination refused keeps its boxes, names the error, and is tried again from there", () => {
    const settled = reach(
      NEW_TOKEN_STATE,
      begin,
      issuedEvent("one"),
      sealed,
      placedEvent(ONE),
      refusedEvent(TWO),
      settle,
    );
    expect(stageOf(settled)).toBe("placing");
    expect(remaining(settled)).toEqual([TWO]);
    expect(settled).toMatchObject({
      current: null,
      pending: {
        destinations: {
          [ONE]: { status: "placed", generation: 1, placed_at: NOW.toISOString() },
          [TWO]: { status: "failed", generation: 0, placed_at: null, error: { code: "denied" } },
        },
      },
      failures: 1,
      last_error: { code: "denied", message: "Secrets: write is missing" },
    });
    expect(settled.next_attempt_at).toBe(new Date(NOW.getTime() + BACKOFF_BASE_MS).toISOString());
    const resumed = reach(
      settled,
      { type: "resume", runId: "run-2", leaseUntil: LEASE },
      placedEvent(TWO),
      settle,
    );
    expect(resumed).toMatchObject({
      current: { generation: 1, fingerprint: "sha256:one" },
      pending: null,
      failures: 0,
      last_error: null,
    });
    expect(resumed.next_attempt_at).toBeUndefined();
  });

  test("that fails too often waits for a person, who resumes or aborts it", () => {
    const stuck = reach(NEW_TOKEN_STATE, abandon, abandon);
    expect(stageOf(stuck)).toBe("stuck");
    expect(stageOf(reach(stuck, { type: "retry" }))).toBe("idle");
    const pending = reach(
      NEW_TOKEN_STATE,
      begin,
      issuedEvent("one"),
      sealed,
      placedEvent(ONE),
      refusedEvent(TWO),
      settle,
      settle,
    );
    expect(stageOf(pending)).toBe("stuck");
    expect(
      stageOf(
        reach(
          pending,
          { type: "retry" },
          { type: "resume", runId: "run-2", leaseUntil: LEASE },
          placedEvent(TWO),
          settle,
        ),
      ),
    ).toBe("placed");
    const aborted = reach(pending, { type: "abort" });
    expect(aborted).toMatchObject({
      current: null,
      pending: null,
      stray: { [ONE]: { status: "placed", generation: 1 } },
      failures: 0,
      abandoned_generation: 1,
      retiring: [{ generation: 1, ref: "one", replaced_at: null }],
    });
    expect(nextGeneration(aborted)).toBe(2);
  });

  test("that begins again over a pending one never reuses its number, and revokes what that one issued once it is replaced", () => {
    const pending = reach(rotatedState({ generation: 4 }), begin, issuedEvent("five"), sealed);
    expect(pending.pending?.generation).toBe(5);
    const done = reach(pending, ...whole("six"));
    expect(done).toMatchObject({
      current: { generation: 6, ref: "six" },
      retiring: [
        { generation: 5, ref: "five", replaced_at: NOW.toISOString(), never_placed: false },
      ],
    });
  });

  test("that was announced leaves its label to look for if its outcome is unknown, and nothing if it is known", () => {
    const announced = reach(rotatedState({ generation: 4 }), announce("o/r/A/g5"));
    const orphan = {
      generation: 5,
      ref: null,
      label: "o/r/A/g5",
      issuing: { use: "generate" },
      replaced_at: null,
      never_placed: true,
    };
    for (const event of [abandon, begin, { type: "abort" } as const])
      expect(reach(announced, event).retiring).toMatchObject([orphan]);
    expect(reach(announced, cleaned).retiring).toBeUndefined();
    expect(reach(announced, issuedEvent("five"), abandon).retiring).toMatchObject([
      { generation: 5, ref: "five", never_placed: true },
    ]);
    expect(reach(announced, issuedEvent("five"), cleaned).retiring).toBeUndefined();
    const found = reach(announced, abandon, { type: "revoked", generation: 5 });
    expect(found.retiring ?? []).toEqual([]);
    expect(nextGeneration(found)).toBe(6);
  });

  test("backs off exponentially, up to a day", () => {
    const waits = [0, 1, 2, 10, 1000].map((failures) => {
      const failed = reach({ ...NEW_TOKEN_STATE, failures }, { ...abandon, stuckAfter: 1e6 });
      return Date.parse(failed.next_attempt_at ?? "") - NOW.getTime();
    });
    expect(waits).toEqual([
      BACKOFF_BASE_MS,
      2 * BACKOFF_BASE_MS,
      4 * BACKOFF_BASE_MS,
      BACKOFF_MAX_MS,
      BACKOFF_MAX_MS,
    ]);
  });

  test.each([
    ["sooner than the backoff", 60_000, BACKOFF_BASE_MS],
    ["later", 3 * 3_600_000, 3 * 3_600_000],
    ["later than anybody would", 1e12, BACKOFF_MAX_MS],
  ])("waits as long as the service asked for: %s", (_, asked, waited) => {
    const failed = reach(NEW_TOKEN_STATE, {
      ...abandon,
      notBefore: new Date(NOW.getTime() + asked),
    });
    expect(Date.parse(failed.next_attempt_at ?? "") - NOW.getTime()).toBe(waited);
  });

  test("that was given up half placed leaves its destinations astray until a later one is everywhere", () => {
    const live = reach(NEW_TOKEN_STATE, ...whole("one"));
    const half = reach(
      live,
      begin,
      issuedEvent("two"),
      sealed,
      placedEvent(ONE),
      refusedEvent(TWO),
    );
    expect(half.current).toEqual(live.current);
    expect([lastPlacement(half, ONE), lastPlacement(half, TWO)]).toMatchObject([
      { status: "placed", generation: 2 },
      { status: "failed", generation: 1, placed_at: NOW.toISOString() },
    ]);
    const aborted = reach(half, { type: "abort" });
    expect(aborted.current).toEqual(live.current);
    expect(Object.keys(aborted.stray ?? {})).toEqual([ONE]);
    expect([
      lastPlacement(aborted, ONE)?.generation,
      lastPlacement(aborted, TWO)?.generation,
    ]).toEqual([2, 1]);
    const again = reach(aborted, begin);
    expect(again.pending?.destinations).toMatchObject({
      [ONE]: { status: "waiting", generation: 2 },
      [TWO]: { status: "waiting", generation: 1 },
    });
    const seenBoth: RotationEvent = {
      type: "seen",
      verdict: "current",
      destinations: IDS,
      required: IDS,
    };
    expect(reach(aborted, seenBoth).current).toMatchObject({
      destinations: { [TWO]: { proved_at: NOW.toISOString() } },
    });
    expect(reach(aborted, seenBoth).current?.proved_at).toBeUndefined();
    const settled = reach(
      again,
      issuedEvent("three"),
      sealed,
      placedEvent(ONE),
      placedEvent(TWO),
      settle,
    );
    expect(settled).toMatchObject({ current: { generation: 3 }, pending: null });
    expect(settled.stray).toBeUndefined();
  });

  test("that drifted says so once, until the right value is seen again", () => {
    const other: RotationEvent = { type: "seen", verdict: "other" };
    const drifted = reach(NEW_TOKEN_STATE, ...whole("one"), other);
    expect(drifted.drift).toEqual({
      at: NOW.toISOString(),
      message: "a value other than generation 1 was seen",
    });
    expect(reach(drifted, other)).toBe(drifted);
    expect(reach(drifted, { type: "seen", verdict: "current" }).drift).toBeUndefined();
  });

  test("refuses what its stage does not take", () => {
    expect(() => next(NEW_TOKEN_STATE, settle, NOW)).toThrow(
      "a rotation that is idle cannot take the event settle",
    );
    expect(() => next(reach(NEW_TOKEN_STATE, begin), sealed, NOW)).toThrow(
      "a rotation that is intent cannot take the event sealed",
    );
  });
});

function require(holds: boolean, rule: string, story: unknown): void {
  if (!holds) throw new Error(`${rule}: ${JSON.stringify(story)}`);
}

/** The traces of credentials that exist or may exist: refs, and the labels of those without a known ref. */
function tracesOf(
  { current, pending, retiring = [] }: TokenState,
  { clean = false } = {},
): string[] {
  const asked =
    pending === null || clean
      ? []
      : [pending.ref ?? (pending.stage === "intent" ? pending.label : null)];
  const all = [current?.ref, ...asked, ...retiring.map((one) => one.ref ?? one.label)];
  return all.filter((trace): trace is string => Boolean(trace));
}

/** The members of a pending credential that are about the credential, not about the run that makes it. */
function credentialIn(pending: TokenState["pending"]): Partial<CurrentCredential> {
  const { stage, run_id, started_at, lease_until, declaration, boxes, requests, ...credential } =
    pending ?? {};
  return credential;
}

/** The rules that every transition keeps. It throws instead of using `expect`, since it runs a hundred thousand times. */
function checkStep(before: TokenState, event: RotationEvent, state: TokenState): void {
  const story = { before, event, state };
  const live = liveGeneration(state);
  require(live >= liveGeneration(before), "a generation never goes back", story);
  require(nextGeneration(state) >=
    nextGeneration(before), "a number that was used stays used", story);
  require(nextGeneration(state) >
    Math.max(live, state.pending?.generation ?? 0), "the next number is free", story);
  if (live !== liveGeneration(before)) {
    const held = state.current?.destinations ?? {};
    const everywhere = IDS.every(
      (id) => held[id]?.status === "placed" && held[id]?.generation === live,
    );
    require(event.type === "settle" &&
      everywhere, "a generation counts only once every destination has it", story);
    const { rotated_at, ...settled } = state.current ?? {};
    require(rotated_at === NOW.toISOString() &&
      JSON.stringify(settled) ===
        JSON.stringify(
          credentialIn(before.pending),
        ), "the live credential is what was pending", story);
    require(!state.stray && state.pending === null, "nothing is left of it beside", story);
  } else if (event.type !== "seen") {
    require(state.current ===
      before.current, "only settling and proof touch the live credential", story);
  }
  for (const id of IDS) {
    const recorded = lastPlacement(state, id)?.generation ?? 0;
    const holds =
      event.type === "placed" && event.destination === id
        ? before.pending?.generation
        : (lastPlacement(before, id)?.generation ?? 0);
    require(recorded ===
      holds, "the record names the generation that each destination holds", story);
  }
  const isClean = event.type === "abandon" && event.clean === true;
  const kept =
    event.type === "revoked" ||
    tracesOf(before, { clean: isClean }).every((trace) => tracesOf(state).includes(trace));
  require(kept ||
    event.type ===
      "issued", "no credential that was issued is forgotten before it is revoked", story);
  const others = tracesOf({ ...before, pending: null });
  require(event.type === "revoked" ||
    others.every((trace) =>
      tracesOf(state).includes(trace),
    ), "nor one beside the pending one", story);
  if (isClean)
    require(tracesOf(state).length ===
      others.length, "what is known to be gone is not looked for", story);
  const offered = (state.retiring ?? []).flatMap(({ ref }) => ref ?? []);
  require(!offered.some(
    (ref) => ref === state.current?.ref || ref === state.pending?.ref,
  ), "what is current or pending is never revoked", story);
}

/** Every event that a stage can get, in a small world. `count` names credentials, so that none is issued twice. */
function eventsOf(state: TokenState, name: string): RotationEvent[] {
  const retiring = (state.retiring ?? []).flatMap(({ generation }): RotationEvent[] => [
    { type: "revoked", generation },
    { type: "revoke-failed", generation, error: ERROR },
  ]);
  return [
    begin,
    announce(`o/r/A/g${nextGeneration(state)}`),
    issuedEvent(name),
    sealed,
    { type: "sealed", boxes: null },
    { type: "resume", runId: "run-2", leaseUntil: LEASE },
    ...IDS.flatMap((id) => [placedEvent(id), refusedEvent(id)]),
    settle,
    abandon,
    cleaned,
    ...(["current", "previous", "other"] as const).map(
      (verdict): RotationEvent => ({ type: "seen", verdict }),
    ),
    ...retiring,
    { type: "retry" },
    { type: "abort" },
  ];
}

/** The key of a state: numbers count only by their order, and observations and failures only by their presence. */
function shape(state: TokenState): string {
  const {
    issues: _issues,
    abandoned_generation: _abandoned,
    next_attempt_at: _attempt,
    last_error: _error,
    earlier_fingerprints: _earlier,
    busy_until: _busy,
    ...kept
  } = state;
  // The order of the members changes nothing.
  const rest = Object.fromEntries(Object.entries(kept).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const numbers = new Set<number>();
  JSON.stringify(rest, (key, value: unknown) => {
    if (key === "generation" && typeof value === "number") numbers.add(value);
    return value;
  });
  const order = [...numbers].toSorted((one, other) => one - other);
  return JSON.stringify(rest, (key, value: unknown) => {
    if (key === "generation" && typeof value === "number") return order.indexOf(value);
    if (key === "failures" && typeof value === "number") return Math.min(value, STUCK_AFTER);
    if (["error", "last_error", "run_id"].includes(key)) return undefined;
    return ["ref", "label", "fingerprint", "previous_fingerprint"].includes(key) &&
      typeof value === "string"
      ? "set"
      : value;
  });
}

/** A credential that is placed goes the same way in both worlds. */
const LEFT_OUT: readonly RotationEvent["type"][] = ["seen", "refused", "resume", "revoke-failed"];

/** Two small worlds: values that no service knows, and credentials that a service keeps. The random sequences mix both. */
const WORLDS = ["nothing outside", "announced"] as const;

/** Events that multiply the states and reach no new rule: notes of what was seen, and which of two destinations refuses. */
function isLeftToStories(event: RotationEvent, world: (typeof WORLDS)[number]): boolean {
  const isOutside = (event.type === "begin" && event.outside !== undefined) || event === cleaned;
  if (world === "nothing outside" && isOutside) return true;
  if (
    world === "announced" &&
    ((event.type === "begin" && !isOutside) || LEFT_OUT.includes(event.type))
  )
    return true;
  if (event.type === "seen") return event.verdict !== "current";
  return (
    (event.type === "refused" && event.destination === ONE) ||
    (event.type === "sealed" && event.boxes === null)
  );
}

describe("a rotation after any events", () => {
  test.each(WORLDS)(
    "every state that can be reached in a small world (%s) keeps the rules",
    (world) => {
      const seen = new Set<string>();
      const reached = new Set<Stage>();
      let queue: TokenState[] = [NEW_TOKEN_STATE];
      let steps = 0;
      while (queue.length > 0) {
        const found: TokenState[] = [];
        for (const state of queue) {
          reached.add(stageOf(state));
          for (const event of eventsOf(state, `c${steps}`)) {
            if (!STAGES[stageOf(state)].takes.includes(event.type) || isLeftToStories(event, world))
              continue;
            const after = next(state, event, NOW);
            checkStep(state, event, after);
            steps += 1;
            // One credential to revoke beside the current and the pending one shows the same as more of them.
            if ((after.retiring ?? []).length > 1) continue;
            const key = shape(after);
            if (!seen.has(key)) {
              seen.add(key);
              found.push(after);
            }
          }
        }
        queue = found;
      }
      const unreached = world === "announced" ? ["proved", "retiring"] : [];
      expect([...reached, ...unreached].toSorted()).toEqual(Object.keys(STAGES).toSorted());
      expect(seen.size).toBeGreaterThan(500);
    },
  );

  test("every long random sequence keeps the rules", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 60 }), (choices) => {
        let state: TokenState = NEW_TOKEN_STATE;
        for (const [index, choice] of choices.entries()) {
          const events = eventsOf(state, `c${index}`).filter((event) =>
            STAGES[stageOf(state)].takes.includes(event.type),
          );
          const event = events[choice % events.length];
          if (event === undefined) continue;
          const before = state;
          state = next(before, event, NOW);
          checkStep(before, event, state);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
