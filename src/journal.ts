// The first commit of a run: what is about to be placed, before it is, so that any later run can finish it.
import { isAnnouncedBy } from "./begin.ts";
import { declareTokens } from "./declare.ts";
import { leaseUntil, placingUntil } from "./lease.ts";
import { whyLost } from "./lost.ts";
import type { Prepared } from "./prepare.ts";
import { type LoadedRecord, reviseRecord } from "./record.ts";
import { next, type RotationEvent, stageOf } from "./rotation.ts";
import { headline, type Run, withStates } from "./run.ts";
import type { RequestMark, TokenConfig, TokenState } from "./schema.ts";
import { declarationDigest } from "./select.ts";
import { tokenState } from "./token.ts";

export type Journalled = {
  readonly record: LoadedRecord;
  /** What is this run's to place. */
  readonly taken: readonly Prepared[];
  /** By token: why it is no longer this run's. */
  readonly lost: ReadonlyMap<string, string>;
  /** Nothing is placed after it, since then another run may take over. */
  readonly placeUntil: Date;
};

/** Commits the journal, and with it this run's lease on what is in it. Throws as `reviseRecord`: nothing is placed then. */
export async function journal(
  run: Run,
  loaded: LoadedRecord,
  ready: readonly Prepared[],
): Promise<Journalled> {
  const { request, options } = run;
  const now = options.clock();
  const until = leaseUntil(
    ready.reduce((sum, { boxes }) => sum + Object.keys(boxes).length, 0),
    now,
  );
  const placeUntil = placingUntil(until);
  if (ready.length === 0) return { record: loaded, taken: ready, lost: new Map(), placeUntil };
  request.onProgress?.({ phase: "journal", done: 0, total: 1 });
  let lost = new Map<string, string>();
  const { record } = await reviseRecord(options.source, loaded, (fresh) => {
    lost = new Map();
    const config =
      request.wanted.kind === "tokens" && request.wanted.create
        ? declareTokens(fresh, request.wanted.names)
        : fresh;
    const sealed = journalsBoxes(config, loaded.visibility);
    const states: Record<string, TokenState> = {};
    for (const prepared of ready) {
      const { name } = prepared.selected.token;
      const reason = whyLost(config, prepared.selected, options.home);
      const lease = { runId: options.runId, leaseUntil: until, mark: request.mark ?? null };
      if (reason === null)
        states[name] = journalledState(prepared, {
          state: tokenState(config, name),
          lease,
          sealed,
          now,
        });
      else lost.set(name, reason);
    }
    const names = Object.keys(states);
    return names.length === 0
      ? null
      : { config: withStates(config, states), message: headline("prepare", names) };
  });
  return {
    record,
    taken: ready.filter((prepared) => !lost.has(prepared.selected.token.name)),
    lost,
    placeUntil,
  };
}

/** Boxes are committed only where strangers cannot collect them; `auto` trusts nothing but a private repository. */
function journalsBoxes(config: TokenConfig, visibility: LoadedRecord["visibility"]): boolean {
  const mode = config.settings?.journal ?? "auto";
  return mode === "auto" ? visibility === "private" : mode === "sealed";
}

/** What a run writes before it places: that a person asked for a stuck token ends its being stuck. */
function journalledState(
  prepared: Prepared,
  {
    state,
    lease,
    sealed,
    now,
  }: {
    state: TokenState;
    lease: { runId: string; leaseUntil: string; mark: RequestMark | null };
    sealed: boolean;
    now: Date;
  },
): TokenState {
  const { token } = prepared.selected;
  if (prepared.resumed) {
    const open = stageOf(state) === "stuck" ? next(state, { type: "retry" }, now).state : state;
    return next(open, { type: "resume", ...lease }, now).state;
  }
  const destinations = token.placements.map((placement) => placement.id);
  const declaration = declarationDigest(token);
  const { prints, ref, expiresAt } = prepared;
  const announced = isAnnouncedBy(state, lease.runId);
  const begin: RotationEvent = {
    type: "begin",
    ...lease,
    declaration,
    issuer: prepared.issuer,
    destinations,
  };
  const begun = announced ? state : next(state, begin, now).state;
  const issued = next(begun, { type: "issued", ...prints, ref, expiresAt }, now).state;
  const boxed = next(issued, { type: "sealed", boxes: sealed ? prepared.boxes : null }, now).state;
  // The announcement's lease was for asking the service; this one is for placing.
  return announced ? next(boxed, { type: "resume", ...lease }, now).state : boxed;
}
