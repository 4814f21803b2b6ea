// Getting one credential: from its issuer, or from the person who hands it in; checked before anything is done with it.
import type { RunRequest } from "./app.ts";
import { issuerMissing } from "./condition.ts";
import { Misconfigured, Unchanged } from "./errors.ts";
import type { Credential, Issuer } from "./ports.ts";
import { checkSecretValue } from "./secret-value.ts";
import type { Selected } from "./select.ts";
import { type Home, NEW_TOKEN_STATE, type Token, VALUE_FIELD } from "./token.ts";

type Issuers = { readonly home: Home; readonly issuer: (name: string) => Promise<Issuer> };

/** Throws `Misconfigured` (`issuer-required`): a random value in place of one that somebody else issued breaks what uses it, so it takes a declaration, or for a supplied one its name. */
export function requireIssuer({ token, state }: Selected, request: RunRequest): void {
  if (isSupplied(request)) return;
  const isNamed = request.wanted.kind === "tokens";
  const missing = issuerMissing(token, isNamed ? NEW_TOKEN_STATE : state);
  if (missing === null) return;
  throw new Misconfigured(missing, {
    code: "issuer-required",
    hint: 'Hand in the new value (new_token, --value-stdin), name an issuer, or declare "issuer": {"use": "generate"} to accept a random one.',
  });
}

/** Whether a person hands in the value. */
export function isSupplied({ wanted }: Pick<RunRequest, "wanted">): boolean {
  return wanted.kind === "tokens" && wanted.value !== null;
}

/** A credential that may be placed: `request.onCredential` saw it first. One that fails its check is revoked. */
export async function obtain(
  token: Token,
  generation: number,
  { request, world }: { readonly request: RunRequest; readonly world: Issuers },
): Promise<Credential> {
  const supplied = request.wanted.kind === "tokens" ? request.wanted.value : null;
  if (supplied !== null) {
    const credential: Credential = { fields: { [VALUE_FIELD]: supplied }, ref: null, entropyBits: null, expiresAt: null, warnings: [] };
    request.onCredential?.(token.name, credential);
    return requireUsable(token, credential);
  }
  const issuer = await world.issuer(token.issuer);
  const { name: tokenName, type, length, prefix, includeSpecial } = token;
  const label = `${world.home.repository ?? "local"}/${token.name}/g${generation}`;
  const credential = await issuer.issue({ tokenName, label, type, length, prefix, includeSpecial });
  request.onCredential?.(token.name, credential);
  requireUsable(token, credential);
  const { verdict, detail } = await issuer.check(credential);
  if (verdict === "works") return credential;
  if (credential.ref !== null) await issuer.revoke(credential.ref);
  throw new Unchanged(
    `the new credential for ${token.name} was issued but its check said ${verdict}${detail === null ? "" : `: ${detail}`}`,
    {
      code: "check-failed",
      hint: "It was revoked and placed nowhere; the one in use still stands.",
    },
  );
}

function requireUsable(token: Token, credential: Credential): Credential {
  for (const [field, value] of Object.entries(credential.fields)) {
    const problem = checkSecretValue(value);
    if (problem === null) continue;
    throw new Misconfigured(`the new ${field} of ${token.name} cannot be used: ${problem.message}`, {
      code: problem.code,
      hint: problem.hint ?? undefined,
    });
  }
  return credential;
}
