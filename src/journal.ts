// The first commit of a run: what is about to be placed, before it is, so that any later run can finish it.
import { declareTokens } from "./declare.ts";
import type { Prepared } from "./prepare.ts";
import { type LoadedRecord, reviseRecord } from "./record.ts";
import { next, stageOf } from "./rotation.ts";
import { headline, type Run, withStates } from "./run.ts";
import type { TokenConfig, TokenState } from "./schema.ts";
import { declarationDigest, type Selected } from "./select.ts";
import { type Home, resolveToken, tokenState } from "./token.ts";

export type Journalled = {
  readonly record: LoadedRecord;
  /** What is this run's to place. */
  readonly taken: readonly Prepared[];
  /** By token: why it is no longer this run's. */
  readonly lost: ReadonlyMap<string, string>;
};

/** Commits the journal. Where every box is already in it, there is nothing to commit. Throws as `reviseRecord`: nothing is placed then. */
export async function journal(run: Run, loaded: LoadedRecord, ready: readonly Prepared[]): Promise<Journalled> {
  if (ready.every((prepared) => prepared.resumed)) return { record: loaded, taken: ready, lost: new Map() };
  const { request, options } = run;
  request.onProgress?.({ phase: "journal", done: 0, total: 1 });
  const now = options.clock();
  let lost = new Map<string, string>();
  const { record } = await reviseRecord(options.source, loaded, (fresh) => {
    lost = new Map();
    const config = request.wanted.kind === "tokens" && request.wanted.create ? declareTokens(fresh, request.wanted.names) : fresh;
    const sealed = journalsBoxes(config, loaded.visibility);
    const states: Record<string, TokenState> = {};
    for (const prepared of ready) {
      const { name } = prepared.selected.token;
      const reason = overtaken(config, prepared.selected, options.home);
      if (reason === null) states[name] = journalledState(prepared, { runId: options.runId, sealed, now });
      else lost.set(name, reason);
    }
    const names = Object.keys(states);
    return names.length === 0 ? null : { config: withStates(config, states), message: headline("prepare", names) };
  });
  return { record, taken: ready.filter((prepared) => !lost.has(prepared.selected.token.name)), lost };
}

/** Boxes are committed only where strangers cannot collect them; `auto` trusts nothing but a private repository. */
function journalsBoxes(config: TokenConfig, visibility: LoadedRecord["visibility"]): boolean {
  const mode = config.settings?.journal ?? "auto";
  return mode === "auto" ? visibility === "private" : mode === "sealed";
}

/** Why a token is no longer this run's to rotate; null while it is. */
function overtaken(config: TokenConfig, selected: Selected, home: Home): string | null {
  const token = resolveToken(config, selected.token.name, home);
  if (token === null || declarationDigest(token) !== declarationDigest(selected.token)) return "its declaration was changed meanwhile";
  const fresh = tokenState(config, token.name);
  const same = fresh.generation === selected.state.generation && fresh.pending?.run_id === selected.state.pending?.run_id;
  return same ? null : "another run took it up meanwhile";
}

/** The state taken up by a run; that a person asked for it ends its being stuck. */
export function resumed(state: TokenState, runId: string, now: Date): TokenState {
  const open = stageOf(state) === "stuck" ? next(state, { type: "retry" }, now).state : state;
  return next(open, { type: "resume", runId }, now).state;
}

function journalledState(prepared: Prepared, { runId, sealed, now }: { runId: string; sealed: boolean; now: Date }): TokenState {
  const { token, state } = prepared.selected;
  if (prepared.resumed) return resumed(state, runId, now);
  const destinations = token.placements.map((placement) => placement.id);
  const declaration = declarationDigest(token);
  const { fingerprint, ref, expiresAt } = prepared;
  const begun = next(state, { type: "begin", runId, declaration, issuer: prepared.issuer, destinations }, now).state;
  const issued = next(begun, { type: "issued", fingerprint, ref, expiresAt }, now).state;
  return next(issued, { type: "sealed", boxes: sealed ? prepared.boxes : null }, now).state;
}
