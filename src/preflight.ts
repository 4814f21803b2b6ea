// Asking every destination scope for its public key before anything else is done: a missing permission shows here.
import { Misconfigured, Unchanged } from "./errors.ts";
import type { PublicKey } from "./ports.ts";
import type { Collaborators } from "./prepare.ts";
import type { Selected } from "./select.ts";
import type { Scope, Token } from "./token.ts";

/** By scope id: its key, or why it was refused. */
export type Keys = ReadonlyMap<string, PublicKey | Error>;

/** The public key of every scope concerned: once per scope, all at the same time. Never throws. */
export async function preflight(
  selected: readonly Selected[],
  world: Pick<Collaborators, "destination">,
  onKey: (done: number, total: number) => void,
): Promise<Keys> {
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
      onKey(++done, scopes.size);
      return [id, key];
    }),
  );
  return new Map(found);
}

/** The keys of the token's own scopes. Throws the first refusal, or `Misconfigured` (`destination-missing`) where it has no scope. */
export function requireKeys(token: Token, keys: Keys): ReadonlyMap<string, PublicKey> {
  const found = new Map<string, PublicKey>();
  if (token.placements.length === 0) {
    throw new Misconfigured(`the token ${token.name} has no destination`, {
      code: "destination-missing",
      hint: "Name one under its destinations.",
    });
  }
  for (const { scopeId } of token.placements) found.set(scopeId, requireKey(scopeId, keys));
  return found;
}

/** One scope's key. Throws its refusal. */
export function requireKey(scopeId: string, keys: Keys): PublicKey {
  const key = keys.get(scopeId);
  if (key === undefined || key instanceof Error) throw key ?? new Unchanged(`the key of ${scopeId} was not fetched`, { code: "preflight" });
  return key;
}
