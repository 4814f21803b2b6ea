// The repositories that the suite puts the Action into: how many tokens, where they go, who can read the record.
import type { TokenConfig, TokenDeclaration } from "../../src/core/model/schema.ts";
import { SERVICE_ISSUER } from "./service.ts";

/** The repository that holds the record. */
export const HOME = "acme/widgets";
const AWAY = ["acme/app", "acme/site"] as const;
export const REPOSITORIES: readonly string[] = [HOME, ...AWAY];
export const RECORD = "token_config.json";
/** Hours between two rotations of every token. */
export const INTERVAL_HOURS = 24;

export type Scenario = {
  /** As it stands in case ids. */
  readonly id: string;
  readonly tokens: 1 | 2 | 3 | 4;
  readonly destinations: 1 | 2 | 3;
  /** Private: sealed boxes are journalled. Public: intents only. */
  readonly visibility: "private" | "public";
  /** Whether the secrets are named otherwise than the token, and two of them stand in one repository. */
  readonly renamed: boolean;
  /** Whether nothing was ever rotated before the run that goes wrong. */
  readonly fresh: boolean;
  /** Whether the job has the record's own secrets in its environment, as they stood when it was queued. */
  readonly sees: boolean;
  /** Whether a service issues the values and keeps them until they are revoked. */
  readonly outside: boolean;
};

const PLAIN = {
  renamed: false,
  fresh: false,
  sees: false,
  outside: false,
} as const;

/** Every number of tokens and of destinations, both journals, own and other repositories, same and other names. */
export const SCENARIOS: readonly Scenario[] = [
  { ...PLAIN, id: "1x1-private", tokens: 1, destinations: 1, visibility: "private" },
  { ...PLAIN, id: "1x1-public", tokens: 1, destinations: 1, visibility: "public", sees: true },
  { ...PLAIN, id: "1x2-private", tokens: 1, destinations: 2, visibility: "private", sees: true },
  { ...PLAIN, id: "1x3-public", tokens: 1, destinations: 3, visibility: "public" },
  { ...PLAIN, id: "2x1-private", tokens: 2, destinations: 1, visibility: "private" },
  { ...PLAIN, id: "2x2-public", tokens: 2, destinations: 2, visibility: "public", renamed: true },
  { ...PLAIN, id: "2x3-private", tokens: 2, destinations: 3, visibility: "private", renamed: true },
  { ...PLAIN, id: "3x1-public", tokens: 3, destinations: 1, visibility: "public", fresh: true },
  { ...PLAIN, id: "3x2-private", tokens: 3, destinations: 2, visibility: "private" },
  {
    ...PLAIN,
    id: "1x1-service",
    tokens: 1,
    destinations: 1,
    visibility: "private",
    outside: true,
    sees: true,
  },
  {
    ...PLAIN,
    id: "1x2-service-public",
    tokens: 1,
    destinations: 2,
    visibility: "public",
    outside: true,
  },
  { ...PLAIN, id: "2x1-service", tokens: 2, destinations: 1, visibility: "private", outside: true },
  { ...PLAIN, id: "4x1-private", tokens: 4, destinations: 1, visibility: "private", sees: true },
  { ...PLAIN, id: "4x3-private", tokens: 4, destinations: 3, visibility: "private", renamed: true },
];

const DECLARATIONS = [
  ["API_KEY", { type: "api_key" }],
  ["SESSION_SECRET", { type: "secret_key" }],
  ["DATABASE_PASSWORD", { type: "password" }],
  ["WEBHOOK_SECRET", { type: "custom", length: 40, prefix: "whsec_" }],
] as const satisfies readonly (readonly [string, TokenDeclaration])[];

/** One secret of one repository that a token goes to. */
export type Target = {
  readonly token: string;
  readonly id: string;
  readonly repository: string;
  readonly secret: string;
};

/** Where a scenario's tokens go. */
export function targetsOf({ tokens, destinations, renamed }: Scenario): Target[] {
  return DECLARATIONS.slice(0, tokens).flatMap(([token]) => {
    const places = renamed
      ? [
          [AWAY[0], `${token}_THERE`],
          [HOME, token],
          [HOME, `${token}_TWIN`],
        ]
      : [HOME, ...AWAY].map((repository) => [repository, token]);
    return places.slice(0, destinations).map(([repository = "", secret = ""]) => {
      return { token, id: `actions:${repository}:${secret}`, repository, secret };
    });
  });
}

/** The record as a person would write it. */
export function recordOf(scenario: Scenario): TokenConfig {
  const targets = targetsOf(scenario);
  const declared = DECLARATIONS.slice(0, scenario.tokens);
  return {
    version: 1,
    tokens: Object.fromEntries(
      declared.map(([name, declaration]) => {
        const mine = targets.filter(({ token }) => token === name);
        const destinations = mine.map(({ repository, secret }) => ({
          to: "actions" as const,
          repository,
          secret,
        }));
        // Half an hour, so that the run an hour later revokes what was replaced.
        const issued = scenario.outside
          ? { type: "custom" as const, issuer: SERVICE_ISSUER, overlap_hours: 0.5 }
          : declaration;
        return [name, { ...issued, destinations }];
      }),
    ),
    rules: Object.fromEntries(declared.map(([name]) => [name, { interval_hours: INTERVAL_HOURS }])),
  };
}
