import { describe, expect, test } from "vitest";
import { Secret } from "../base/secret.ts";
import { digest, fingerprint, fingerprintKeyId } from "../credentials/fingerprint.ts";
import type { TokenConfig, TokenState } from "../model/schema.ts";
import { type Home, NEW_TOKEN_STATE } from "../model/token.ts";
import type { RotationEvent } from "../rotation/event.ts";
import { next } from "../rotation/state.ts";
import { observe } from "./observe.ts";

const NOW = new Date("2026-03-01T00:00:00Z");
/** When no job is left that was queued before what happened at `NOW`. */
const LATER = new Date("2026-03-01T02:00:00Z");
const HOME: Home = { kind: "github", repository: "acme/widgets" };
const HERE = "actions:acme/widgets:ALPHA";
const THERE = "actions:acme/gadgets:ALPHA";
const ERROR = { kind: "denied", code: "denied", message: "no", hint: null } as const;

const print = (value: string) => `sha256:${digest(value)}`;

function begun(value: string, destinations: readonly string[]): RotationEvent[] {
  const lease = {
    runId: "run",
    leaseUntil: NOW.toISOString(),
    declaration: "d",
    issuer: "generate",
  };
  return [
    { type: "begin", ...lease, destinations },
    { type: "issued", fingerprint: print(value), ref: null, expiresAt: null },
    { type: "sealed", boxes: null },
  ];
}

const place = (destination: string): RotationEvent => ({ type: "placed", destination });
const settle: RotationEvent = { type: "settle", stuckAfter: 1 };
const rotated = (value: string, destinations: readonly string[] = [HERE]): RotationEvent[] => [
  ...begun(value, destinations),
  ...destinations.map(place),
  settle,
];
/** Placed here, refused there, and so often that it waits for a person. */
const halfPlaced = (value: string): RotationEvent[] => [
  ...begun(value, [HERE, THERE]),
  place(HERE),
  { type: "refused", destination: THERE, error: ERROR },
  settle,
];

function reach(...events: readonly RotationEvent[]): TokenState {
  return events.reduce<TokenState>((state, event) => next(state, event, NOW), NEW_TOKEN_STATE);
}

function seenOf(
  state: TokenState,
  seen: Readonly<Record<string, string>>,
  declaration: object = {},
): string | undefined {
  const config: TokenConfig = {
    version: 1,
    tokens: { ALPHA: declaration },
    state: { tokens: { ALPHA: state } },
  };
  const values = new Map(Object.entries(seen).map(([name, value]) => [name, new Secret(value)]));
  return observe(config, { home: HOME, seen: values, key: null, now: LATER })[0]?.observation;
}

describe("a value that a job sees", () => {
  const story = reach(...rotated("one"), ...rotated("two"), ...rotated("three"));

  test.each([
    ["three", "current"],
    ["two", "previous"],
    ["one", "previous"],
    ["a stranger's", "other"],
  ])("%s is %s", (value, expected) => {
    expect(seenOf(story, { ALPHA: value })).toBe(expected);
  });

  test("of a generation that was given up for the current one is late, not changed by others", () => {
    const state = reach(...rotated("one"), ...halfPlaced("two"), ...rotated("three"));
    expect(seenOf(state, { ALPHA: "two" })).toBe("previous");
    expect(seenOf(state, { ALPHA: "one" })).toBe("previous");
  });

  test("of a generation that a person gave up is ours too", () => {
    const state = reach(...rotated("one"), ...halfPlaced("two"), { type: "abort" });
    expect(seenOf(state, { ALPHA: "two" })).toBe("previous");
  });

  test("while a generation is under way shows nothing, stuck or not", () => {
    const state = reach(...rotated("one"), ...halfPlaced("two"));
    expect(state.stuck_at).toBe(NOW.toISOString());
    for (const value of ["one", "two", "a stranger's"])
      expect(seenOf(state, { ALPHA: value })).toBe("unknown");
  });

  test("under a name that was declared since is not ours to judge", () => {
    const declaration = { destinations: [{ to: "actions" }, { to: "actions", secret: "BETA" }] };
    const state = reach(...rotated("one"));
    expect(seenOf(state, { ALPHA: "one", BETA: "a person's own" }, declaration)).toBe("current");
    expect(seenOf(state, { BETA: "a person's own" }, declaration)).toBe("unknown");
  });
});

test("a limited number of earlier fingerprints is kept, each once", () => {
  const values = Array.from({ length: 20 }, (_, index) => `value ${index}`);
  const state = reach(...values.flatMap((value) => rotated(value)));
  expect([state.current?.fingerprint, state.previous_fingerprint]).toEqual([
    print("value 19"),
    print("value 18"),
  ]);
  expect(state.earlier_fingerprints).toEqual(values.slice(10, 18).toReversed().map(print));
});

describe("fingerprints under a key", () => {
  const old = new Secret("the first fingerprint key");
  const fresh = new Secret("the second fingerprint key");
  const hmac = (value: string, key: Secret) =>
    fingerprint(new Secret(value), { entropyBits: null, key });
  const issuedUnder = (value: string, key: Secret): RotationEvent => {
    const made = hmac(value, key);
    return {
      type: "issued",
      fingerprint: made,
      fingerprintKey: fingerprintKeyId(made, key),
      ref: null,
      expiresAt: null,
    };
  };
  const rotatedUnder = (value: string, key: Secret) =>
    rotated(value).map((event) => (event.type === "issued" ? issuedUnder(value, key) : event));
  const look = (state: TokenState, value: string, key: Secret) => {
    const config: TokenConfig = {
      version: 1,
      tokens: { ALPHA: {} },
      state: { tokens: { ALPHA: state } },
    };
    return observe(config, {
      home: HOME,
      seen: new Map([["ALPHA", new Secret(value)]]),
      key,
      now: LATER,
    })[0]?.observation;
  };

  test("tell nothing under another key: no drift of everything at once when the key is changed", () => {
    const state = reach(...rotatedUnder("one", old));
    expect([look(state, "one", old), look(state, "else", old)]).toEqual(["current", "other"]);
    expect([look(state, "one", fresh), look(state, "else", fresh)]).toEqual(["unknown", "unknown"]);
  });

  test("nor is a consumer adrift that still has what was fingerprinted under the key before", () => {
    const state = reach(...rotatedUnder("one", old), ...rotatedUnder("two", fresh));
    expect([look(state, "two", fresh), look(state, "one", fresh)]).toEqual(["current", "unknown"]);
    expect(look(reach(...rotatedUnder("three", fresh)), "one", fresh)).toBe("other");
    expect(look(next(state, rotatedUnder("x", fresh)[0] as RotationEvent, NOW), "two", fresh)).toBe(
      "unknown",
    );
  });
});

describe("a credential of several fields", () => {
  const declaration = {
    destinations: [{ to: "actions", secret: { ALPHA_ID: "username", ALPHA: "value" } }],
  };
  const ids = ["actions:acme/widgets:ALPHA_ID", HERE];
  const events = rotated("one", ids).map(
    (event): RotationEvent =>
      event.type === "issued" ? { ...event, fingerprints: { username: null } } : event,
  );
  const state = reach(...events);

  test("is judged by its value: what stands beside it may be anybody's guess", () => {
    expect(seenOf(state, { ALPHA: "one", ALPHA_ID: "app_a" }, declaration)).toBe("current");
    expect(seenOf(state, { ALPHA: "else", ALPHA_ID: "app_a" }, declaration)).toBe("other");
    expect(seenOf(state, { ALPHA_ID: "app_a" }, declaration)).toBe("unknown");
  });

  test("leaves nothing of its other fields behind when it is replaced by one of a single field", () => {
    expect(state.current?.fingerprints).toEqual({ username: null });
    const { current } = reach(...events, ...rotated("two"));
    expect(current?.generation).toBe(2);
    expect(current).not.toHaveProperty("fingerprints");
  });
});

describe("where proof is required", () => {
  const seenAt = (...destinations: string[]): RotationEvent => ({
    type: "seen",
    verdict: "current",
    destinations,
    required: [HERE, THERE],
  });

  test("a generation is proved once it was seen under every name, by however many jobs", () => {
    const half = reach(...rotated("one", [HERE, THERE]), seenAt(HERE));
    expect([
      half.current?.proved_at,
      half.current?.destinations[HERE]?.proved_at,
      half.current?.destinations[THERE]?.proved_at,
    ]).toEqual([undefined, NOW.toISOString(), undefined]);
    expect(next(half, seenAt(THERE), NOW).current?.proved_at).toBe(NOW.toISOString());
  });
});

test("a consumer that was late, and was not seen with the next one either, is still waited for", () => {
  const late: RotationEvent = { type: "seen", verdict: "previous" };
  expect(reach(...rotated("one"), ...rotated("two"), late, ...rotated("three")).seen_at).toBe(
    NOW.toISOString(),
  );
  const proved: RotationEvent = { type: "seen", verdict: "current" };
  expect(
    reach(...rotated("one"), ...rotated("two"), late, proved, ...rotated("three")),
  ).not.toHaveProperty("seen_at");
});
