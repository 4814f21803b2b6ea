// The record of the first edition, whose token states were flat: the live credential's members stood beside what the token has as a whole.
import * as z from "zod";
import { Misconfigured } from "../base/errors.ts";
import { hasFlatState } from "../config/first-version.ts";
import { isObject } from "../config/mistake.ts";
import { checkShape } from "../config/shape.ts";
import { count, instant, type TokenConfig } from "../model/schema.ts";
import { SUPPLIED } from "../plan/condition.ts";

const failure = z.looseObject({ at: instant });
const flatPlacement = z.looseObject({
  status: z.enum(["placed", "failed"]),
  generation: count,
  placed_at: instant.nullable(),
  error: failure.nullable().optional(),
});
const flatPending = z.looseObject({
  generation: count,
  started_at: instant,
  destinations: z.array(z.string()),
});
const nullableText = z.string().nullable().optional();
/** What the conversion reads of a flat state; the result is judged by the record's own schema. */
const flatTokenState = z.looseObject({
  generation: count,
  rotated_at: nullableText,
  fingerprint: nullableText,
  fingerprint_key: z.string().optional(),
  fingerprints: z.record(z.string(), z.string().nullable()).optional(),
  ref: nullableText,
  issuer: z.string().optional(),
  issuing: z.looseObject({ use: z.string() }).optional(),
  expires_at: nullableText,
  proved_at: nullableText,
  destinations: z.record(z.string(), flatPlacement).optional(),
  pending: flatPending.nullable().optional(),
});

export type FlatTokenState = z.infer<typeof flatTokenState>;
type FlatPlacement = z.infer<typeof flatPlacement>;
type Placements = Record<string, unknown>;
type Sorted = Readonly<Record<"current" | "pending" | "stray", Placements>>;

/**
 * The record with each flat token state in the nested shape; everything else stays as it is.
 * @throws Misconfigured `config-invalid` if the state has mistakes beside that
 */
export function nestRecord(document: Record<string, unknown>): TokenConfig {
  const state = isObject(document.state) ? document.state : {};
  const states = Object.entries(isObject(state.tokens) ? state.tokens : {});
  const tokens = Object.fromEntries(
    states.map(([name, one]) => [name, hasFlatState(one) ? nestChecked(name, one) : one]),
  );
  const nested = { ...document, state: { ...state, tokens } };
  const shape = checkShape(nested);
  if (shape.ok) return shape.config;
  const inState = shape.mistakes.filter(({ path }) => path[0] === "state");
  if (inState.length > 0) throw unreadable(inState.map(({ message }) => message));
  // A mistake of a person's stays as it is written, and the migration's warnings name it.
  return nested as unknown as TokenConfig;
}

function nestChecked(name: string, state: unknown): Record<string, unknown> {
  const parsed = flatTokenState.safeParse(state);
  if (parsed.success) return nestState(parsed.data);
  const paths = parsed.error.issues.map(({ path }) => ["state", "tokens", name, ...path].join("."));
  throw unreadable(paths.map((path) => `${path} is not as the program writes it`));
}

function unreadable(messages: readonly string[]): Misconfigured {
  return new Misconfigured(`the record cannot be migrated yet: ${messages.join("; ")}`, {
    code: "config-invalid",
    hint: "Correct that in the file, or restore the last version that the program wrote, and migrate again.",
  });
}

/** One state in the nested shape. */
export function nestState(flat: FlatTokenState): Record<string, unknown> {
  const {
    generation,
    rotated_at = null,
    fingerprint = null,
    fingerprint_key,
    fingerprints,
    ref = null,
    issuer,
    issuing,
    expires_at,
    proved_at,
    destinations = {},
    pending = null,
    ...kept
  } = flat;
  const placements = sortPlacements(destinations, { generation, pending });
  const told = { fingerprint_key, fingerprints, issuer, issuing, expires_at, proved_at };
  const known = Object.entries(told).filter(([, value]) => value !== undefined && value !== null);
  // Adopting a token noted a person as the maker of a value that was not rotated yet.
  const isAdopted = known.length === 1 && issuer === SUPPLIED;
  const isLive =
    generation > 0 ||
    rotated_at !== null ||
    fingerprint !== null ||
    ref !== null ||
    (known.length > 0 && !isAdopted);
  const live = { generation, fingerprint, ref, ...Object.fromEntries(known) };
  return {
    current: isLive ? { ...live, destinations: placements.current, rotated_at } : null,
    pending: pending && { ...pending, destinations: placements.pending },
    ...kept,
    ...(Object.keys(placements.stray).length === 0 ? {} : { stray: placements.stray }),
    ...(!isLive && isAdopted ? { adopted: { at: null } } : {}),
  };
}

/** One list told of every generation that stood somewhere: of the live one, the pending one, and those that were given up. */
function sortPlacements(
  flat: Readonly<Record<string, FlatPlacement>>,
  { generation, pending }: Pick<FlatTokenState, "generation" | "pending">,
): Sorted {
  const sorted: Sorted = { current: {}, pending: {}, stray: {} };
  for (const id of pending?.destinations ?? []) {
    const { generation: held, placed_at } = own(flat, id) ?? { generation: 0, placed_at: null };
    sorted.pending[id] = { status: "waiting", generation: held, placed_at };
  }
  for (const [id, placement] of Object.entries(flat)) {
    const isPendingOnes =
      Boolean(pending && isOutcomeOf(placement, pending)) && Object.hasOwn(sorted.pending, id);
    if (isPendingOnes) sorted.pending[id] = placement;
    if (placement.generation === 0 || (isPendingOnes && placement.status === "placed")) continue;
    const held = isPendingOnes ? { ...placement, status: "placed", error: null } : placement;
    (placement.generation === generation ? sorted.current : sorted.stray)[id] = held;
  }
  return sorted;
}

/** Whether the pending generation was placed there, or was refused: an older refusal is another generation's. */
function isOutcomeOf(
  { status, generation, error }: FlatPlacement,
  pending: NonNullable<FlatTokenState["pending"]>,
): boolean {
  if (status === "placed") return generation === pending.generation;
  return Boolean(error) && Date.parse(error?.at ?? "") >= Date.parse(pending.started_at);
}

function own<Value>(record: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
