// A declared token with its defaults applied: its kind, its issuer and its destinations.
import type {
  DestinationDeclaration,
  IssuerDeclaration,
  PlacementState,
  ProofMode,
  Rule,
  TokenConfig,
  TokenDeclaration,
  TokenState,
  TokenType,
} from "./schema.ts";
import {
  accessOf,
  type Home,
  isLocal,
  type OrganizationAccess,
  type Scope,
  scopeId,
  scopeOf,
} from "./scope.ts";

export { type Home, isLocal, isSeenBeside, type Scope, scopeId } from "./scope.ts";

/** One field of a credential under one secret's name in one scope. */
export type Placement = {
  /** `<kind>:<scope>:<SECRET>`: the key in the record and in reports. */
  readonly id: string;
  readonly scope: Scope;
  /** `<kind>:<scope>`: the key of the cache of public keys. */
  readonly scopeId: string;
  readonly secretName: string;
  readonly field: string;
  /** The declared readers of an organization's secret. */
  readonly access?: OrganizationAccess;
};

export type Token = {
  readonly name: string;
  readonly type: TokenType;
  /** Total characters; null: the type's default. */
  readonly length: number | null;
  readonly prefix: string | null;
  readonly includeSpecial: boolean | null;
  readonly issuer: string;
  /** The issuer with its options. */
  readonly issuing: IssuerDeclaration;
  /** Whether a service keeps the issuer's credentials: each is announced first, and can be checked and revoked. */
  readonly outside: boolean;
  /** Whether the declaration itself names the issuer, rather than leaving it to the default. */
  readonly issuerDeclared: boolean;
  readonly placements: readonly Placement[];
  readonly groups: readonly string[];
  readonly expiresAt: string | null;
  readonly proof: ProofMode;
  readonly overlapHours: number;
  /** Failures in a row after which it waits for a person. */
  readonly stuckAfter: number;
  /** Credentials issued per UTC day on schedule, at the most; null: the program's default. */
  readonly maxPerDay: number | null;
  readonly rule: {
    readonly intervalHours: number;
    readonly autoRotate: boolean;
    readonly notify: boolean;
  } | null;
};

/** The field that a credential has by default. */
export const VALUE_FIELD = "value";

/** How long a replaced credential keeps working, in hours: consumers that read it once a day see the new one in time. */
export const DEFAULT_OVERLAP_HOURS = 24;

/** With the backoff's doubling, eight failures in a row are most of a day: waiting longer will not fix the cause. */
const DEFAULT_STUCK_AFTER = 8;
const DEFAULT_ISSUING: IssuerDeclaration = { use: "generate" };

/** Whether a service beside the destinations knows the issuer's credentials and can find them. */
function keepsOutside(issuing: IssuerDeclaration): boolean {
  if (issuing.use === "generate") return issuing.publish !== undefined;
  // GitHub lists no installation tokens, and ends them by itself.
  return issuing.use !== "manual" && issuing.use !== "github_app";
}

function placementsOf(name: string, destination: DestinationDeclaration, home: Home): Placement[] {
  const scope = scopeOf(destination, home);
  if (scope === null) return [];
  const id = scopeId(scope);
  const access = accessOf(destination);
  const secrets =
    typeof destination.secret === "object"
      ? Object.entries(destination.secret)
      : [[destination.secret ?? name, VALUE_FIELD] as const];
  return secrets.map(([secret, field]) => {
    // GitHub stores names in upper case, so the ids of two spellings must be equal.
    const secretName = isLocal(scope) ? secret : secret.toUpperCase();
    return {
      id: `${id}:${secretName}`,
      scope,
      scopeId: id,
      secretName,
      field,
      ...(access === null ? {} : { access }),
    };
  });
}

function ruleOf(rule: Rule | undefined): Token["rule"] {
  if (rule === undefined) return null;
  return {
    intervalHours: rule.interval_hours,
    autoRotate: rule.auto_rotate ?? true,
    notify: rule.notify ?? true,
  };
}

const NO_GROUPS: readonly string[] = [];
const DEFAULT_DESTINATIONS = { github: [{ to: "actions" }], local: [{ to: "vault" }] } as const;

/** The destinations of a token that names none; they depend on the record's home. */
export function defaultDestinations(home: Home): readonly DestinationDeclaration[] {
  return DEFAULT_DESTINATIONS[home.kind];
}

/** A key's own value in an object parsed from JSON: a name such as `constructor` must find nothing. One look-up, since records are large. */
function ownValue<Value>(
  record: Readonly<Record<string, Value>> | undefined,
  key: string,
): Value | undefined {
  const value = record?.[key];
  return value === undefined || !(key in Object.prototype) || Object.hasOwn(record ?? {}, key)
    ? value
    : undefined;
}

/** Applies the defaults to one declaration. A destination whose repository is not known yields no placement; `parseConfig` reports it. */
export function resolveToken(config: TokenConfig, name: string, home: Home): Token | null {
  const declaration: TokenDeclaration | undefined = ownValue(config.tokens, name);
  if (declaration === undefined) return null;
  const destinations = declaration.destinations ?? defaultDestinations(home);
  const issuing = declaration.issuer ?? DEFAULT_ISSUING;
  return {
    name,
    type: declaration.type ?? "api_key",
    length: declaration.length ?? null,
    prefix: declaration.prefix ?? null,
    includeSpecial: declaration.include_special ?? null,
    issuer: issuing.use,
    issuing,
    outside: keepsOutside(issuing),
    issuerDeclared: declaration.issuer !== undefined,
    placements: destinations.flatMap((destination) => placementsOf(name, destination, home)),
    groups: declaration.groups ?? NO_GROUPS,
    expiresAt: declaration.expires_at ?? null,
    proof: declaration.proof ?? "when-seen",
    overlapHours: declaration.overlap_hours ?? DEFAULT_OVERLAP_HOURS,
    stuckAfter: config.settings?.stuck_after ?? DEFAULT_STUCK_AFTER,
    maxPerDay: config.settings?.max_rotations_per_day ?? null,
    rule: ruleOf(ownValue(config.rules, name)),
  };
}

/** The state of a token before its first rotation. */
export const NEW_TOKEN_STATE: TokenState = {
  current: null,
  pending: null,
  failures: 0,
  last_error: null,
};

/** The record's state of a token; a token that it does not mention is new. */
export function tokenState(config: TokenConfig, name: string): TokenState {
  return ownValue(config.state?.tokens, name) ?? NEW_TOKEN_STATE;
}

/** The number of the live credential; 0 before the first rotation. */
export function liveGeneration({ current }: TokenState): number {
  return current?.generation ?? 0;
}

/** How the last attempt to place something at the destination went; undefined if there was none. */
export function lastPlacement(state: TokenState, id: string): PlacementState | undefined {
  const { pending, stray, current } = state;
  const all = [pending?.destinations, stray, current?.destinations];
  return all
    .map((placements) => ownValue(placements, id))
    .find((placement) => placement !== undefined && placement.status !== "waiting");
}
