// Getting one credential from its issuer, or from the person who hands it in, and checking it before its use.

import { Failure, Misconfigured, Uncertain, Unchanged } from "../base/errors.ts";
import { checkSecretValue } from "../credentials/secret-value.ts";
import { NEW_TOKEN_STATE, type Token, VALUE_FIELD } from "../model/token.ts";
import { issuerMissing } from "../plan/condition.ts";
import type { CheckResult, Credential, Issuer } from "../ports/issuer.ts";
import { labelOf } from "./claim.ts";
import type { Collaborators } from "./context.ts";
import { type RunRequest, suppliedValue } from "./request.ts";
import { type Choice, generationOf, type Leftover, NOTHING } from "./token-run.ts";

type ObtainOptions = {
  readonly request: RunRequest;
  readonly world: Pick<Collaborators, "home" | "issuer" | "clock" | "pause">;
  /** When the answers must be there. */
  readonly until: Date;
};

export type Obtained =
  | {
      readonly ok: true;
      readonly credential: Credential;
      /** Revokes the credential if it cannot be used, and returns what the service still keeps. Never throws a `Failure`. */
      readonly discard: () => Promise<Leftover>;
    }
  | { readonly ok: false; readonly error: Error; readonly left: Leftover };

/** The waits between two checks of a credential that does not work yet, in milliseconds: doubling, up to the longest. */
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5_000;

/** Throws `Misconfigured` (`issuer-required`). A random value breaks the consumers of a token that a service issued, so it needs a declaration, or the token's name if the value was supplied. */
export function requireIssuer({ token, state }: Choice, request: RunRequest): void {
  if (suppliedValue(request) !== null) return;
  const isNamed = request.wanted.kind === "tokens";
  const missing = issuerMissing(token, isNamed ? NEW_TOKEN_STATE : state);
  if (missing === null) return;
  throw new Misconfigured(missing, {
    code: "issuer-required",
    hint: 'Hand in the new value (new_token, --value-stdin), name an issuer, or declare "issuer": {"use": "generate"} to accept a random one.',
  });
}

/** A credential that may be placed: `request.onCredential` saw it first. One that fails its check is revoked. Throws no `Failure`. */
export async function obtain(selected: Choice, options: ObtainOptions): Promise<Obtained> {
  const { token } = selected;
  const { request, world } = options;
  const supplied = suppliedValue(request);
  if (supplied !== null) {
    const credential = {
      fields: { [VALUE_FIELD]: supplied },
      ref: null,
      entropyBits: null,
      expiresAt: null,
      settlesWithinMs: 0,
      warnings: [],
    };
    return requireUsable(token, credential, { request, discard: async () => NOTHING });
  }
  let asked = false;
  try {
    const issuer = await world.issuer(token.issuing);
    asked = true;
    return await issueChecked(selected, issuer, options);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    // Every other error may leave a credential with the service.
    const isKnown = error instanceof Failure && error.kind !== "uncertain";
    return { ok: false, error, left: asked && !isKnown ? { kind: "unknown" } : NOTHING };
  }
}

async function issueChecked(
  selected: Choice,
  issuer: Issuer,
  { request, world, until }: ObtainOptions,
): Promise<Obtained> {
  const { token, state } = selected;
  const { name: tokenName, type, length, prefix, includeSpecial } = token;
  const label = labelOf(world.home, tokenName, generationOf(selected));
  const retiring = (state.retiring ?? []).flatMap(({ ref }) => (ref === null ? [] : [ref]));
  const signal = AbortSignal.timeout(Math.max(0, until.getTime() - world.clock().getTime()));
  const asked = {
    tokenName,
    label,
    type,
    length,
    prefix,
    includeSpecial,
    current: state.current?.ref ?? null,
    retiring,
    signal,
  };
  const credential = await inTime(issuer.issue(asked), signal, tokenName);
  const discard = () => revokeUnused(selected, credential, issuer);
  const obtained = requireUsable(token, credential, { request, discard });
  if (!obtained.ok) return { ...obtained, left: await discard() };
  if (
    credential.ref !== null &&
    (credential.ref === state.current?.ref || retiring.includes(credential.ref))
  ) {
    return { ok: false, error: sameAgain(tokenName), left: NOTHING };
  }
  const { verdict, detail } = await checkUntilSettled(credential, issuer, { world, until, signal });
  if (verdict === "works") return obtained;
  const left = await discard();
  return {
    ok: false,
    error: checkFailed(tokenName, { verdict, detail }, describeEnd(credential, left)),
    left,
  };
}

/** Has the values masked first, then checks that destinations accept them. */
function requireUsable(
  token: Token,
  credential: Credential,
  { request, discard }: { readonly request: RunRequest; readonly discard: () => Promise<Leftover> },
): Obtained {
  request.onCredential?.(token.name, credential);
  for (const [field, value] of Object.entries(credential.fields)) {
    const problem = checkSecretValue(value);
    if (problem === null) continue;
    const error = new Misconfigured(
      `the new ${field} of ${token.name} cannot be used: ${problem.message}`,
      {
        code: problem.code,
        hint: problem.hint ?? undefined,
      },
    );
    return { ok: false, error, left: NOTHING };
  }
  return { ok: true, credential, discard };
}

/** Revokes a credential that will not be used, except one that the record holds: an issuer may hand over the same one again. */
async function revokeUnused(
  { state }: Choice,
  { ref }: Credential,
  issuer: Issuer,
): Promise<Leftover> {
  const held = [state.current?.ref, ...(state.retiring ?? []).map((credential) => credential.ref)];
  if (ref === null || held.includes(ref)) return NOTHING;
  return issuer.revoke(ref).then(
    () => NOTHING,
    () => ({ kind: "credential", ref }),
  );
}

/** Checks the credential until it works, or until the time is over that the issuer gave it. */
async function checkUntilSettled(
  credential: Credential,
  issuer: Issuer,
  {
    world,
    until,
    signal,
  }: Pick<ObtainOptions, "world" | "until"> & { readonly signal: AbortSignal },
): Promise<CheckResult> {
  const settled = Math.min(until.getTime(), world.clock().getTime() + credential.settlesWithinMs);
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
    const result = await issuer.check(credential, signal).catch(toUnknown);
    if (result.verdict === "works" || world.clock().getTime() + wait > settled) return result;
    await world.pause(wait);
  }
}

/** A check that could not be made says nothing about the credential. */
function toUnknown(error: unknown): CheckResult {
  return { verdict: "unknown", detail: error instanceof Failure ? error.message : null };
}

/** An issuer that does not heed the signal must not hold up the run. */
function inTime<Result>(
  issuing: Promise<Result>,
  signal: AbortSignal,
  tokenName: string,
): Promise<Result> {
  const late = new Uncertain(`the issuer of ${tokenName} did not answer in time`, {
    code: "issue-timeout",
    hint: "The next run looks for what it may have made, revokes it, and tries again.",
  });
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(late), { once: true });
    issuing.then(resolve, reject);
  });
}

function sameAgain(tokenName: string): Unchanged {
  return new Unchanged(
    `the issuer of ${tokenName} handed over a credential that the record holds already`,
    {
      code: "credential-reused",
      hint: "Nothing was placed or revoked. Let the issuer make a new one each time.",
    },
  );
}

function checkFailed(
  tokenName: string,
  { verdict, detail }: CheckResult,
  ended: string,
): Unchanged {
  const why = detail === null ? "" : `: ${detail}`;
  return new Unchanged(`the new credential for ${tokenName} failed its check (${verdict})${why}`, {
    code: "check-failed",
    hint: `${ended} not placed. The one in use stays.`,
  });
}

/** The start of the hint. A credential without a ref cannot be revoked. */
function describeEnd({ ref }: Credential, { kind }: Leftover): string {
  if (ref === null) return "It is";
  return kind === "nothing"
    ? "It is revoked and"
    : "It could not be revoked, so the next run tries again. It is";
}
