// From selected tokens to sealed boxes: preflight, issue, check, seal. Nothing is written anywhere yet.
import type { RunRequest } from "./app.ts";
import { SUPPLIED } from "./condition.ts";
import { Misconfigured, Unchanged } from "./errors.ts";
import { fingerprint, matchesFingerprint } from "./fingerprint.ts";
import { isSupplied, obtain, requireIssuer } from "./issue.ts";
import type { Credential, Destination, Issuer, PublicKey, SealedBox } from "./ports.ts";
import { nextGeneration, remaining } from "./rotation.ts";
import type { Secret } from "./secret.ts";
import type { Selected } from "./select.ts";
import { type Home, type Placement, type Scope, type Token, VALUE_FIELD } from "./token.ts";

/** What the interpreter reaches the world through. */
export type Collaborators = {
  readonly home: Home;
  readonly issuer: (name: string) => Promise<Issuer>;
  readonly destination: (scope: Scope) => Promise<Destination>;
  readonly fingerprintKey: Secret | null;
};

/** A token that is ready to be journalled and placed. */
export type Prepared = {
  readonly selected: Selected;
  readonly generation: number;
  readonly resumed: boolean;
  readonly fingerprint: string | null;
  readonly ref: string | null;
  readonly issuer: string;
  readonly expiresAt: string | null;
  /** By destination id: what is still to be placed. */
  readonly boxes: Readonly<Record<string, SealedBox>>;
  readonly warnings: readonly string[];
};

export type Preparation =
  | { readonly ok: true; readonly prepared: Prepared }
  /** `attempted`: an issuer was asked, so the failure counts towards the token's backoff. */
  | { readonly ok: false; readonly selected: Selected; readonly error: Error; readonly attempted: boolean };

type Keys = ReadonlyMap<string, PublicKey | Error>;

/** Prepares every token by itself: one's failure holds back no other. */
export async function prepare(selected: readonly Selected[], request: RunRequest, world: Collaborators): Promise<Preparation[]> {
  // Loading the sealing code takes about as long as GitHub takes to answer, so both are done at once.
  if (selected.some(({ how }) => how === "issue")) void import("./seal.ts").then(({ prepareToSeal }) => prepareToSeal());
  const keys = await preflight(selected, request, world);
  const preparations: Preparation[] = [];
  for (const [index, one] of selected.entries()) {
    preparations.push(await prepareOne(one, keys, { request, world }));
    request.onProgress?.({ phase: "issue", done: index + 1, total: selected.length });
  }
  return preparations;
}

/** The public key of every scope concerned, or why it was refused: once per scope, all at the same time. */
async function preflight(selected: readonly Selected[], request: RunRequest, world: Collaborators): Promise<Keys> {
  const scopes = new Map<string, Scope>();
  for (const { token } of selected) for (const placement of token.placements) scopes.set(placement.scopeId, placement.scope);
  let done = 0;
  const found = await Promise.all(
    [...scopes].map(async ([id, scope]): Promise<[string, PublicKey | Error]> => {
      const key = await world
        .destination(scope)
        .then((destination) => destination.publicKey())
        .catch((error: unknown) =>
          error instanceof Error ? error : new Unchanged(`preflight of ${id} failed`, { code: "preflight", cause: error }),
        );
      request.onProgress?.({ phase: "preflight", done: ++done, total: scopes.size });
      return [id, key];
    }),
  );
  return new Map(found);
}

async function prepareOne(
  selected: Selected,
  keys: Keys,
  { request, world }: { readonly request: RunRequest; readonly world: Collaborators },
): Promise<Preparation> {
  let attempted = false;
  try {
    const scopeKeys = requireKeys(selected.token, keys);
    const resumed = resume(selected, scopeKeys);
    if (resumed !== null) return { ok: true, prepared: resumed };
    requireIssuer(selected, request);
    const generation = nextGeneration(selected.state);
    attempted = true;
    const credential = await obtain(selected.token, generation, { request, world });
    return {
      ok: true,
      prepared: await sealAll(selected, credential, {
        generation,
        supplied: isSupplied(request),
        keys: scopeKeys,
        key: world.fingerprintKey,
      }),
    };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { ok: false, selected, error, attempted };
  }
}

function requireKeys(token: Token, keys: Keys): ReadonlyMap<string, PublicKey> {
  const found = new Map<string, PublicKey>();
  if (token.placements.length === 0) {
    throw new Misconfigured(`the token ${token.name} has no destination`, {
      code: "destination-missing",
      hint: "Name one under its destinations.",
    });
  }
  for (const { scopeId } of token.placements) {
    const key = keys.get(scopeId);
    if (key === undefined || key instanceof Error)
      throw key ?? new Unchanged(`the key of ${scopeId} was not fetched`, { code: "preflight" });
    found.set(scopeId, key);
  }
  return found;
}

/** The journalled boxes, if they still fit the scopes' keys: a scope that changed its key could not open them. */
function resume({ token, state, reason, how }: Selected, keys: ReadonlyMap<string, PublicKey>): Prepared | null {
  const { pending } = state;
  if (how !== "resume" || pending?.boxes == null) return null;
  const boxes: Record<string, SealedBox> = {};
  for (const id of remaining(state)) {
    const box = pending.boxes[id];
    const placement = token.placements.find((candidate) => candidate.id === id);
    if (box === undefined || placement === undefined || keys.get(placement.scopeId)?.keyId !== box.key_id) return null;
    boxes[id] = { keyId: box.key_id, sealed: box.sealed };
  }
  const { generation, fingerprint: recorded, ref } = pending;
  const selected: Selected = { token, state, reason, how };
  const expiresAt = pending.expires_at ?? null;
  return {
    selected,
    generation,
    resumed: true,
    fingerprint: recorded,
    ref,
    issuer: pending.issuer ?? token.issuer,
    expiresAt,
    boxes,
    warnings: [],
  };
}

async function sealAll(
  selected: Selected,
  credential: Credential,
  options: {
    readonly generation: number;
    readonly supplied: boolean;
    readonly keys: ReadonlyMap<string, PublicKey>;
    readonly key: Secret | null;
  },
): Promise<Prepared> {
  const { token, state } = selected;
  const main = credential.fields[VALUE_FIELD] ?? Object.values(credential.fields)[0];
  if (main === undefined) throw new Unchanged(`the issuer of ${token.name} handed over nothing`, { code: "credential-empty" });
  if (matchesFingerprint(main, state.fingerprint, options.key) === "match") {
    throw new Misconfigured(`the new value of ${token.name} is the one that it already has`, {
      code: "value-unchanged",
      hint: "Hand in a new one.",
    });
  }
  const { seal } = await import("./seal.ts");
  const boxes: Record<string, SealedBox> = {};
  for (const placement of token.placements)
    boxes[placement.id] = await seal(fieldOf(credential, placement, token), keyOf(placement, options.keys));
  return {
    selected,
    generation: options.generation,
    resumed: false,
    fingerprint: fingerprint(main, { entropyBits: credential.entropyBits, key: options.key }),
    ref: credential.ref,
    issuer: options.supplied ? SUPPLIED : token.issuer,
    expiresAt: credential.expiresAt,
    boxes,
    warnings: credential.warnings,
  };
}

function fieldOf(credential: Credential, placement: Placement, token: Token): Secret {
  const value = credential.fields[placement.field];
  if (value !== undefined) return value;
  throw new Misconfigured(`the credential of ${token.name} has no field ${JSON.stringify(placement.field)}`, {
    code: "field-missing",
    hint: `Its fields are ${Object.keys(credential.fields).join(", ")}.`,
  });
}

function keyOf(placement: Placement, keys: ReadonlyMap<string, PublicKey>): PublicKey {
  const key = keys.get(placement.scopeId);
  if (key === undefined) throw new Unchanged(`the key of ${placement.scopeId} was not fetched`, { code: "preflight" });
  return key;
}
