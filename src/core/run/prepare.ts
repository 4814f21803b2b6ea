// From selected tokens to sealed boxes: issue, check, seal. Nothing is placed yet.

import pLimit from "p-limit";
import { Misconfigured, Unchanged } from "../base/errors.ts";
import type { Secret } from "../base/secret.ts";
import { fingerprint, fingerprintKeyId, matchesFingerprint } from "../credentials/fingerprint.ts";
import { type Placement, type Token, VALUE_FIELD } from "../model/token.ts";
import { SUPPLIED } from "../plan/condition.ts";
import type { PublicKey, SealedBox } from "../ports/destination.ts";
import type { Credential } from "../ports/issuer.ts";
import type { Prints } from "../rotation/event.ts";
import { remaining } from "../rotation/state.ts";
import { issuesOutside } from "./claim.ts";
import type { Collaborators } from "./context.ts";
import { obtain, requireIssuer } from "./issue.ts";
import { type Keys, requireKey, requireKeys } from "./preflight.ts";
import { type RunRequest, suppliedValue } from "./request.ts";
import {
  fail,
  generationOf,
  inPhase,
  type Prepared,
  replaceIn,
  type Selected,
  type TokenRun,
  type Unplaced,
} from "./token-run.ts";

/** Credentials made at once: services limit how many requests they take, and most runs make few. */
const ISSUE_CONCURRENCY = 5;

/**
 * Judges each selected token by the keys of its scopes, without any request: `prepared` if its
 * journalled boxes can be placed, `failed` if it is refused, otherwise still `selected`, to be issued.
 */
export function judge(
  tokens: readonly Unplaced[],
  keys: Keys,
  request: RunRequest,
): readonly Unplaced[] {
  return tokens.map((one) => (one.phase === "selected" ? judgeOne(one, keys, request) : one));
}

function judgeOne(selected: Selected, keys: Keys, request: RunRequest): Unplaced {
  try {
    const resumed = resume(selected, requireKeys(selected.token, keys));
    if (resumed !== null) return resumed;
    requireIssuer(selected, request);
    return { ...selected, how: "issue" };
  } catch (error) {
    return fail(selected, asError(error), { attempted: false });
  }
}

/** Opens each issuer that makes something outside before anything is announced: a missing variable must not cost a commit. */
export async function openIssuers(
  tokens: readonly Unplaced[],
  request: RunRequest,
  { issuer }: Pick<Collaborators, "issuer">,
): Promise<readonly Unplaced[]> {
  const opened = await Promise.all(
    inPhase(tokens, "selected")
      .filter((selected) => issuesOutside(selected, request))
      .map((selected) =>
        issuer(selected.token.issuing).then(
          () => selected,
          (error: unknown) => fail(selected, asError(error), { attempted: false }),
        ),
      ),
  );
  return replaceIn(tokens, opened);
}

export type PrepareOptions = {
  readonly request: RunRequest;
  readonly world: Collaborators;
  readonly keys: Keys;
  /** The time by which the services must have answered. */
  readonly until: Date;
};

/** Issues, checks and seals a credential for each selected token. One token's failure does not hold back the others. Never throws a `Failure`. */
export async function prepare(
  tokens: readonly Unplaced[],
  options: PrepareOptions,
): Promise<readonly Unplaced[]> {
  const selected = inPhase(tokens, "selected");
  let done = 0;
  const prepared = await pLimit(ISSUE_CONCURRENCY).map(selected, async (one) => {
    const result = await prepareOne(one, options);
    options.request.onProgress?.({ phase: "issue", done: ++done, total: selected.length });
    return result;
  });
  return replaceIn(tokens, prepared);
}

async function prepareOne(selected: Selected, options: PrepareOptions): Promise<Unplaced> {
  const { request, world, keys } = options;
  const obtained = await obtain(selected, { request, world, until: options.until });
  if (!obtained.ok) return fail(selected, obtained.error, { attempted: true, left: obtained.left });
  try {
    const prepared = await sealAll(selected, obtained.credential, {
      supplied: suppliedValue(request) !== null,
      keys,
      key: world.fingerprintKey,
    });
    return { ...prepared, discard: obtained.discard };
  } catch (error) {
    return fail(selected, asError(error), { attempted: true, left: await obtained.discard() });
  }
}

/** Revokes the credentials of tokens that another run took up, since no other run knows of them. */
export async function discardLost<Run extends TokenRun>(tokens: readonly Run[]): Promise<Run[]> {
  return Promise.all(
    tokens.map(async (one) =>
      one.phase === "lost" && one.discard ? { ...one, left: await one.discard() } : one,
    ),
  );
}

/** Throws anything that is not an error again: it is a defect. */
function asError(error: unknown): Error {
  if (error instanceof Error) return error;
  throw error;
}

/** The journalled boxes, if they match the scopes' keys: a scope with a new key could not open them. */
function resume(
  { token, state, reason, how }: Selected,
  keys: ReadonlyMap<string, PublicKey>,
): Prepared | null {
  const { pending } = state;
  if (how !== "resume" || pending?.boxes == null) return null;
  const boxes: Record<string, SealedBox> = {};
  for (const id of remaining(state)) {
    const box = pending.boxes[id];
    const placement = token.placements.find((candidate) => candidate.id === id);
    const key = placement && keys.get(placement.scopeId);
    if (box === undefined || key === undefined || !isFor(key, box)) return null;
    boxes[id] = { keyId: key.keyId, key: key.key, sealed: box.sealed };
  }
  const {
    generation,
    ref,
    fingerprint,
    fingerprint_key: fingerprintKey = null,
    fingerprints = {},
  } = pending;
  return {
    phase: "prepared",
    token,
    state,
    reason,
    how,
    generation,
    resumed: true,
    prints: { fingerprint, fingerprintKey, fingerprints },
    ref,
    issuer: pending.issuer ?? token.issuer,
    expiresAt: pending.expires_at ?? null,
    boxes,
    warnings: [],
  };
}

/** An environment that is made again may have the old one's key id. GitHub would take the box and store garbage. */
function isFor(
  { keyId, key }: PublicKey,
  box: { readonly key_id: string; readonly key?: string | undefined },
): boolean {
  return box.key_id === keyId && (box.key === undefined || box.key === key);
}

async function sealAll(
  selected: Selected,
  credential: Credential,
  options: { readonly supplied: boolean; readonly keys: Keys; readonly key: Secret | null },
): Promise<Prepared> {
  const { token, state, reason, how } = selected;
  const main = credential.fields[VALUE_FIELD] ?? Object.values(credential.fields)[0];
  if (main === undefined)
    throw new Unchanged(`the issuer of ${token.name} returned no value`, {
      code: "credential-empty",
    });
  // After drift, a person can hand in the recorded value to undo it.
  if (
    !(options.supplied && state.drift) &&
    matchesFingerprint(main, state.current?.fingerprint ?? null, options.key) === "match"
  ) {
    throw new Misconfigured(`the new value of ${token.name} is its current value`, {
      code: "value-unchanged",
      hint: "Hand in another one.",
    });
  }
  const { seal } = await import("../credentials/seal.ts");
  const boxes: Record<string, SealedBox> = {};
  for (const placement of token.placements)
    boxes[placement.id] = await seal(
      fieldOf(credential, placement, token),
      requireKey(placement.scopeId, options.keys),
    );
  return {
    phase: "prepared",
    token,
    state,
    reason,
    how,
    generation: generationOf(selected),
    resumed: false,
    prints: printsOf(credential, token, { main, key: options.key }),
    ref: credential.ref,
    issuer: options.supplied ? SUPPLIED : token.issuer,
    expiresAt: credential.expiresAt,
    boxes,
    warnings: credential.warnings,
  };
}

/** Fingerprints of everything that is placed. The strength of the fields other than the main one is unknown. */
function printsOf(
  credential: Credential,
  token: Token,
  { main, key }: { readonly main: Secret; readonly key: Secret | null },
): Prints {
  const print = fingerprint(main, { entropyBits: credential.entropyBits, key });
  const fingerprints: Record<string, string | null> = {};
  for (const field of new Set(token.placements.map((placement) => placement.field))) {
    const value = credential.fields[field];
    if (value === undefined || value === main || matchesFingerprint(value, print, key) === "match")
      continue;
    fingerprints[field] = fingerprint(value, { entropyBits: null, key });
  }
  return { fingerprint: print, fingerprintKey: fingerprintKeyId(print, key), fingerprints };
}

function fieldOf(credential: Credential, placement: Placement, token: Token): Secret {
  const value = credential.fields[placement.field];
  if (value !== undefined) return value;
  throw new Misconfigured(
    `the credential of ${token.name} has no field ${JSON.stringify(placement.field)}`,
    {
      code: "field-missing",
      hint: `Its fields are ${Object.keys(credential.fields).join(", ")}.`,
    },
  );
}
