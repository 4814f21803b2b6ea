import { describe, expect, test } from "vitest";
import { Denied, Misconfigured, Unchanged } from "../base/errors.ts";
import type { TokenConfig } from "../model/schema.ts";
import { type Home, NEW_TOKEN_STATE, resolveToken, type Token } from "../model/token.ts";
import type { RotationEvent } from "../rotation/event.ts";
import { next } from "../rotation/state.ts";
import type { Run } from "./context.ts";
import { reviseAfter } from "./record-outcome.ts";
import { fail, type Placed, type PlacementOutcome, type Selected } from "./token-run.ts";

const NOW = new Date("2026-03-01T00:00:00Z");
const HOME: Home = { kind: "github", repository: "acme/widgets" };
const CONFIG: TokenConfig = { version: 1, tokens: { ALPHA: {} } };

function token(): Token {
  const found = resolveToken(CONFIG, "ALPHA", HOME);
  if (found === null) throw new Error("ALPHA is declared above");
  return found;
}

const selected: Selected = {
  phase: "selected",
  token: token(),
  state: NEW_TOKEN_STATE,
  reason: "never rotated",
  how: "issue",
};

function runOf(): Run {
  const never = () => Promise.reject(new Error("nothing is reached here"));
  const source = {
    store: { load: never, list: never, save: never },
    path: "token_config.json",
    home: HOME,
    whenMissing: "error",
    clock: () => NOW,
  } as const;
  return {
    request: { wanted: { kind: "due" }, triggeredBy: { kind: "schedule" }, dryRun: false },
    options: {
      home: HOME,
      issuer: never,
      destination: never,
      fingerprintKey: null,
      source,
      clock: () => NOW,
      reminders: () => Promise.reject(new Error("no reminder is expected here")),
      pause: never,
      runId: "run-1",
    },
    startedAt: NOW,
    selection: { selected: [selected], skipped: [], workflows: [], unseen: [], removed: [] },
    observed: [],
  };
}

function failing(error: Error, attempted: boolean) {
  const tokens = [fail(selected, error, { attempted })];
  return reviseAfter(CONFIG, runOf(), { tokens, revoked: [], reminded: [] }, NOW)?.config.state
    ?.tokens?.ALPHA;
}

test("an issuer that fails is asked again later and later, also where nothing else happened in the run", () => {
  const failed = failing(new Unchanged("the issuer is down", { code: "issuer-down" }), true);
  expect(failed).toMatchObject({
    failures: 1,
    next_attempt_at: "2026-03-01T00:05:00.000Z",
    last_error: { code: "issuer-down" },
  });
});

test("what was refused before an issuer was asked, or for the request's own mistake, leaves no trace by itself", () => {
  expect(failing(new Denied("may not", { code: "permission-missing" }), false)).toBeUndefined();
  expect(
    failing(new Misconfigured("the value is empty", { code: "empty-value" }), true),
  ).toBeUndefined();
});

describe("boxes that another run took up, and is placing too", () => {
  const HERE = "actions:acme/widgets:ALPHA";
  const THERE = "actions:acme/gadgets:ALPHA";
  const lease = { leaseUntil: "2026-03-01T00:05:00Z" };
  const box = { keyId: "1", sealed: "Ym94" };
  const events: RotationEvent[] = [
    {
      type: "begin",
      runId: "run-1",
      ...lease,
      declaration: "d",
      issuer: "generate",
      destinations: [HERE, THERE],
    },
    { type: "issued", fingerprint: "sha256:one", ref: null, expiresAt: null },
    { type: "sealed", boxes: { [HERE]: box, [THERE]: box } },
    { type: "resume", runId: "run-2", ...lease },
  ];
  const taken = events.reduce((state, event) => next(state, event, NOW), NEW_TOKEN_STATE);
  const placed: Omit<Placed, "outcomes"> = {
    ...selected,
    phase: "placed",
    generation: 1,
    prints: { fingerprint: "sha256:one" },
    resumed: false,
    ref: null,
    issuer: "generate",
    expiresAt: null,
    boxes: {},
    warnings: [],
  };
  const refusal = { kind: "denied", code: "denied", message: "no", hint: null } as const;

  function recorded(...outcomes: readonly PlacementOutcome[]) {
    const fresh: TokenConfig = { ...CONFIG, state: { tokens: { ALPHA: taken } } };
    const results = { tokens: [{ ...placed, outcomes }], revoked: [], reminded: [] };
    const revised = reviseAfter(fresh, runOf(), results, NOW);
    return {
      state: revised?.config.state?.tokens?.ALPHA,
      told: revised?.entries?.map(({ event }) => event),
    };
  }

  test("are done where this run placed them all", () => {
    const { state, told } = recorded({ id: HERE, error: null }, { id: THERE, error: null });
    expect(state).toMatchObject({
      current: { generation: 1, fingerprint: "sha256:one" },
      pending: null,
    });
    expect(told).toEqual(["rotated"]);
  });

  test("stay that run's where some are left: what failed here is no failure of the token", () => {
    const { state, told } = recorded({ id: HERE, error: null }, { id: THERE, error: refusal });
    expect(state).toMatchObject({
      current: null,
      failures: 0,
      pending: { run_id: "run-2", lease_until: lease.leaseUntil },
    });
    expect(state?.pending?.destinations).toEqual({
      [HERE]: { status: "placed", generation: 1, placed_at: NOW.toISOString(), error: null },
      [THERE]: { status: "waiting", generation: 0, placed_at: null },
    });
    expect(told).toEqual([]);
    expect(recorded({ id: HERE, error: refusal }, { id: THERE, error: refusal })).toEqual({
      state: undefined,
      told: undefined,
    });
  });
});
