// Whether a token that a run took up is still that run's, judged by the newest record: pure.
import { nextGeneration } from "./rotation.ts";
import type { TokenConfig, TokenState } from "./schema.ts";
import { declarationDigest, type Selected } from "./select.ts";
import { type Home, resolveToken, tokenState } from "./token.ts";

export const DECLARATION_CHANGED = "its declaration was changed meanwhile";

/** Why a token is no longer this run's to rotate; null while it is. */
export function whyLost(config: TokenConfig, selected: Selected, home: Home): string | null {
  const token = resolveToken(config, selected.token.name, home);
  if (token === null || declarationDigest(token) !== declarationDigest(selected.token))
    return DECLARATION_CHANGED;
  return standing(tokenState(config, token.name)) === standing(selected.state)
    ? null
    : "another run took it up meanwhile";
}

/** What a run decided by: where it is another, what the run prepared answers to a record that is gone. */
function standing(state: TokenState): string {
  return JSON.stringify([
    state.generation,
    nextGeneration(state),
    state.pending?.run_id,
    state.failures,
    state.drift?.at,
  ]);
}
