// Arbitrary configs for property tests of the core: every kind of state, at and around the limits, by clocks that are right and wrong.
import fc from "fast-check";
import { DAY_MS, HOUR_MS, toInstant } from "../src/core/base/instant.ts";
import { TOKEN_TYPES, type TokenConfig, type TokenState } from "../src/core/model/schema.ts";

/** The moment that `anyConfig` is arranged around. */
export const NOW = new Date("2026-03-29T01:30:00Z");

const offsets = [
  0,
  1,
  60_000,
  10 * 60_000,
  HOUR_MS / 2,
  HOUR_MS,
  24 * HOUR_MS,
  7 * DAY_MS,
  14 * DAY_MS,
  30 * DAY_MS,
  400 * DAY_MS,
];
const instant = fc
  .tuple(fc.constantFrom(...offsets), fc.constantFrom(-1, 1), fc.constantFrom(-1, 0, 1))
  .map(([offset, sign, jitter]) => toInstant(NOW.getTime() + sign * offset + jitter));
const past = fc.constantFrom(...offsets).map((offset) => toInstant(NOW.getTime() - offset));
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });

const pending: fc.Arbitrary<TokenState["pending"]> = fc.record({
  generation: fc.integer({ min: 1, max: 9 }),
  stage: fc.constant("sealed" as const),
  run_id: fc.constant("run-0"),
  started_at: past,
  lease_until: instant,
  declaration: fc.constant("0"),
  fingerprint: fc.constant(null),
  ref: fc.constant(null),
  destinations: fc.constant({}),
  boxes: fc.constantFrom(null, {}),
});

const current: fc.Arbitrary<TokenState["current"]> = fc.record({
  generation: fc.integer({ min: 1, max: 9 }),
  fingerprint: fc.constant(null),
  ref: fc.constant(null),
  expires_at: maybe(instant),
  destinations: fc.constant({}),
  rotated_at: maybe(instant),
});

const state: fc.Arbitrary<TokenState> = fc.record({
  current: fc.oneof({ weight: 1, arbitrary: fc.constant(null) }, { weight: 9, arbitrary: current }),
  pending: fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: pending }),
  failures: fc.constantFrom(0, 0, 1, 3),
  last_error: fc.constant(null),
  next_attempt_at: fc.oneof(
    { weight: 3, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: instant },
  ),
  exposed_at: fc.oneof(
    { weight: 4, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: instant },
  ),
});

const token = fc.record(
  {
    type: fc.constantFrom(...TOKEN_TYPES),
    issuer: fc.constant({ use: "generate" as const }),
    groups: fc.subarray(["CRITICAL", "LOW_PRIORITY"]),
    expires_at: instant,
  },
  { requiredKeys: [] },
);
const rule = fc.record({
  interval_hours: fc.constantFrom(1, 24, 168, 2160),
  auto_rotate: fc.boolean(),
});
const names = ["A", "B", "C", "D", "E"];
const workflow = fc.record({
  tokens: fc.subarray([...names, "ALL_TOKENS", "CRITICAL", "UNKNOWN"], { minLength: 1 }),
  schedule: fc.constantFrom("*/5 * * * *", "30 2 * * *", "@hourly", "0 0 * * 0"),
  timezone: fc.constantFrom("UTC", "Europe/Berlin", "Pacific/Chatham", "Australia/Lord_Howe"),
  enabled: fc.boolean(),
});
const workflowState = fc.record({ first_seen_at: instant, last_run_at: maybe(instant) });
const dictionary = <T>(keys: readonly string[], value: fc.Arbitrary<T>) =>
  fc.dictionary(fc.constantFrom(...keys), value);

export const anyConfig: fc.Arbitrary<TokenConfig> = fc.record({
  tokens: dictionary(names, token),
  rules: dictionary(names, rule),
  workflows: dictionary(["w1", "w2"], workflow),
  state: fc.record({
    tokens: dictionary(names, state),
    workflows: dictionary(["w1", "w2"], workflowState),
  }),
});
