// Time of health and plan over the largest record that GitHub has secrets for, and its growth with the record.
import { health } from "../src/core/health/health.ts";
import type { TokenConfig } from "../src/core/model/schema.ts";
import type { Home } from "../src/core/model/token.ts";
import { plan } from "../src/core/plan/plan.ts";
import { rotatedState } from "../test/token-states.ts";
import { atMost, type Figure, median } from "./measure.ts";

const NOW = new Date("2026-03-01T00:00:00Z");
const HOME: Home = { kind: "github", repository: "acme/widgets" };
/** The most secrets of an organization: https://docs.github.com/actions/reference/security/secrets#secret-limits */
const TOKENS = 1000;
/** The repositories that hold them. */
const REPOSITORIES = 20;
/** The number of repeats. One judgement takes milliseconds, so the median needs many. */
const ROUNDS = 101;

export function measureScale(): Figure[] {
  // The first record only warms the code up.
  const [, small, large] = [TOKENS, TOKENS / 4, TOKENS].map((count) => timeBoth(recordOf(count)));
  if (small === undefined || large === undefined) throw new Error("nothing was measured");
  const milliseconds = (time: number) => `${time.toFixed(1)} ms`;
  const times = (ratio: number) => `${ratio.toFixed(1)} ×`;
  return [
    atMost("health and plan over 1,000 tokens", large, 50, milliseconds),
    // The record has four times the tokens. A quadratic step would take sixteen times as long.
    atMost("  against 250 tokens", large / small, 6, times),
  ];
}

function timeBoth(config: TokenConfig): number {
  const times = Array.from({ length: ROUNDS }, () => {
    const start = performance.now();
    health(config, HOME, NOW);
    plan(config, HOME, NOW);
    return performance.now() - start;
  });
  return median(times);
}

function recordOf(count: number): TokenConfig {
  const names = Array.from({ length: count }, (_, index) => `TOKEN_${index}`);
  const rotated = (index: number) =>
    new Date(NOW.getTime() - (index % 1000) * 3_600_000).toISOString();
  const state = (index: number) => rotatedState({ rotated_at: rotated(index) });
  return {
    version: 1,
    tokens: Object.fromEntries(
      names.map((name, index) => [
        name,
        {
          groups: [`GROUP_${index % 10}`],
          destinations: [{ to: "actions", repository: `acme/service-${index % REPOSITORIES}` }],
        },
      ]),
    ),
    rules: Object.fromEntries(names.map((name) => [name, { interval_hours: 24 }])),
    workflows: {
      nightly: { tokens: ["ALL_TOKENS"], schedule: "17 2 * * *" },
      some: { tokens: ["GROUP_1"], schedule: "@weekly" },
    },
    state: { tokens: Object.fromEntries(names.map((name, index) => [name, state(index)])) },
  };
}
