// Compares what a process can see with what the record holds, and replays the history's chain.
import type { Verification } from "./app.ts";
import { matchesFingerprint } from "./fingerprint.ts";
import { verifyChain } from "./history.ts";
import type { TokenConfig } from "./schema.ts";
import type { Secret } from "./secret.ts";
import { type Home, resolveToken, tokenState } from "./token.ts";

type Seen = { readonly home: Home /** By the secret's name. */; readonly seen: ReadonlyMap<string, Secret>; readonly key: Secret | null };

/** Every declared token gets a verdict; "not seen" and "could not tell" are verdicts of their own. Changes nothing. */
export function verifyRecord(config: TokenConfig, options: Seen): Verification {
  const tokens = Object.keys(config.tokens ?? {}).map((name) => ({ token_name: name, ...verdictOf(config, name, options) }));
  const entries = config.history ?? [];
  const { ok, breaks } = verifyChain(entries);
  return { tokens, history: { ok, entries: entries.length, breaks: breaks.map(({ id, message }) => ({ id, message })) } };
}

function verdictOf(
  config: TokenConfig,
  name: string,
  { home, seen, key }: Seen,
): Pick<Verification["tokens"][number], "verdict" | "detail"> {
  const token = resolveToken(config, name, home);
  const visible = [...new Set((token?.placements ?? []).map((placement) => placement.secretName))].filter((secret) => seen.has(secret));
  if (visible.length === 0) return { verdict: "not_seen", detail: "this process sees no variable of that name" };
  const { fingerprint, generation } = tokenState(config, name);
  if (fingerprint === null) return { verdict: "unknown", detail: "the record holds no fingerprint of it" };
  const verdicts = visible.map((secret) => {
    const value = seen.get(secret);
    return value === undefined ? "unknown" : matchesFingerprint(value, fingerprint, key);
  });
  if (verdicts.includes("mismatch")) return { verdict: "mismatch", detail: `what it sees is not generation ${generation}` };
  if (verdicts.includes("unknown")) return { verdict: "unknown", detail: "the record's fingerprint needs the fingerprint key" };
  return { verdict: "match", detail: `it sees generation ${generation}` };
}
