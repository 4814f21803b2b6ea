// The preflight: it asks every destination scope for its public key and its room before anything else.
import { Misconfigured, Unchanged } from "../base/errors.ts";
import { lastPlacement, type Scope, type Token } from "../model/token.ts";
import type { Newcomer, PublicKey } from "../ports/destination.ts";
import type { Collaborators } from "./context.ts";
import type { Selected } from "./token-run.ts";

/** By scope id: its key, or the refusal. By placement id: the refusal of that secret alone. */
export type Keys = ReadonlyMap<string, PublicKey | Error>;

type Asked = { readonly scope: Scope; readonly secrets: Newcomer[] };

/** The public key of every scope concerned, asked once per scope, all in parallel. Never throws. */
export async function preflight(
  selected: readonly Selected[],
  world: Pick<Collaborators, "destination">,
  onKey: (done: number, total: number) => void,
): Promise<Keys> {
  const scopes = scopesOf(selected);
  let done = 0;
  const found = await Promise.all(
    [...scopes].map(async ([id, asked]): Promise<[string, PublicKey | Error][]> => {
      const entries = await ask(id, asked, world).catch((error: unknown): [string, Error][] => [
        [
          id,
          error instanceof Error
            ? error
            : new Unchanged(`preflight of ${id} failed`, { code: "preflight", cause: error }),
        ],
      ]);
      onKey(++done, scopes.size);
      return entries;
    }),
  );
  return new Map(found.flat());
}

function scopesOf(selected: readonly Selected[]): Map<string, Asked> {
  const scopes = new Map<string, Asked>();
  for (const { token, state } of selected) {
    for (const { id, scopeId, scope, secretName, access } of token.placements) {
      const asked = scopes.get(scopeId) ?? { scope, secrets: [] };
      const isNew = lastPlacement(state, id)?.placed_at == null;
      const alone = token.placements.length === 1 && !token.outside;
      asked.secrets.push({ name: secretName, isNew, alone, access: access ?? null });
      scopes.set(scopeId, asked);
    }
  }
  return scopes;
}

async function ask(
  id: string,
  { scope, secrets }: Asked,
  world: Pick<Collaborators, "destination">,
): Promise<[string, PublicKey | Error][]> {
  const destination = await world.destination(scope);
  const key = await destination.publicKey();
  const refused = await destination.admit(secrets);
  return [
    [id, key],
    ...[...refused].map(([name, error]): [string, Error] => [`${id}:${name}`, error]),
  ];
}

/** The keys of the token's own scopes. Throws the first refusal, or `Misconfigured` (`destination-missing`) if it has no scope. */
export function requireKeys(token: Token, keys: Keys): ReadonlyMap<string, PublicKey> {
  const found = new Map<string, PublicKey>();
  if (token.placements.length === 0) {
    throw new Misconfigured(`the token ${token.name} has no destination`, {
      code: "destination-missing",
      hint: "Add one under its destinations.",
    });
  }
  for (const { id, scopeId } of token.placements) {
    found.set(scopeId, requireKey(scopeId, keys));
    const refused = keys.get(id);
    if (refused instanceof Error) throw refused;
  }
  return found;
}

/** One scope's key. Throws its refusal. */
export function requireKey(scopeId: string, keys: Keys): PublicKey {
  const key = keys.get(scopeId);
  if (key === undefined || key instanceof Error)
    throw key ?? new Unchanged(`the key of ${scopeId} was not fetched`, { code: "preflight" });
  return key;
}
