// What a run does before its journal: preflight, announcing, revoking what is over, issuing, sealing.
import { begin, issuesOutside } from "./begin.ts";
import { type Leftover, NOTHING } from "./issue.ts";
import type { Journalled } from "./journal.ts";
import { preflight } from "./preflight.ts";
import { type Preparation, prepare, sortOut } from "./prepare.ts";
import type { LoadedRecord } from "./record.ts";
import { dueRevocations, type Revoked, revoke } from "./retire.ts";
import type { Run } from "./run.ts";
import type { TokenOutcome } from "./run-report.ts";
import type { Selected } from "./select.ts";

/** What was made for nothing, and what of it is left with its service. */
export type Lost = { readonly selected: Selected; readonly left: Leftover };

type Readied = {
  readonly record: LoadedRecord;
  readonly preparations: readonly Preparation[];
  readonly revoked: readonly Revoked[];
  /** What another run took before this one could announce it. */
  readonly lost: readonly Extract<TokenOutcome, { kind: "lost" }>[];
};

/** Everything before the journal. Throws as `reviseRecord` where nothing could be announced; a token's own failure is its preparation. */
export async function ready(run: Run, loaded: LoadedRecord): Promise<Readied> {
  const { request, options, selection } = run;
  // Loading the sealing code takes about as long as GitHub takes to answer, so both are done at once.
  if (selection.selected.some(({ how }) => how === "issue"))
    void import("./seal.ts").then(({ prepareToSeal }) => prepareToSeal());
  const keys = await preflight(selection.selected, options, (done, total) =>
    request.onProgress?.({ phase: "preflight", done, total }),
  );
  const sorted = selection.selected.map((selected) => sortOut(selected, keys, request));
  const toIssue = sorted.flatMap((one) => ("issue" in one ? [one.issue] : []));
  const isOutside = (selected: Selected) => issuesOutside(selected, request);
  const { outside, refused } = await openIssuers(toIssue.filter(isOutside), options);
  const begun = await begin(run, loaded, outside);
  const revoked = await revokeDue(run, begun.record);
  const issuing = [...toIssue.filter((selected) => !isOutside(selected)), ...begun.selected];
  const issued = await prepare(issuing, { request, world: options, keys, until: begun.issueUntil });
  const lost = outside.flatMap((selected): Readied["lost"] => {
    const reason = begun.lost.get(selected.token.name);
    return reason === undefined ? [] : [{ kind: "lost", selected, reason }];
  });
  return {
    record: begun.record,
    preparations: [
      ...sorted.flatMap((one) => ("issue" in one ? [] : [one.preparation])),
      ...refused,
      ...issued,
    ],
    revoked,
    lost,
  };
}

type Opened = { readonly outside: readonly Selected[]; readonly refused: readonly Preparation[] };

/** Opens each token's issuer before anything is announced: a variable that is not set must not cost a commit. */
async function openIssuers(
  selected: readonly Selected[],
  { issuer }: Pick<Run["options"], "issuer">,
): Promise<Opened> {
  const outside: Selected[] = [];
  const refused: Preparation[] = [];
  for (const one of selected) {
    const error = await issuer(one.token.issuing).then(() => null, asError);
    if (error === null) outside.push(one);
    else refused.push({ ok: false, selected: one, error, attempted: false, left: NOTHING });
  }
  return { outside, refused };
}

/** What is no error is a defect, which nothing here can tell of. */
function asError(error: unknown): Error {
  if (error instanceof Error) return error;
  throw error;
}

/** Before anything is issued: a service that allows two credentials has room for a new one then. */
function revokeDue(
  { options, observed, startedAt }: Run,
  record: LoadedRecord,
): Promise<Revoked[]> {
  const late = new Set(
    observed.filter(({ observation }) => observation === "previous").map(({ token }) => token.name),
  );
  return revoke(
    dueRevocations(record.config, { home: options.home, now: startedAt, late }),
    options.issuer,
  );
}

/** What was prepared, but is no longer this run's to place: it is revoked, since nobody else knows of it. */
export async function discardLost(
  preparations: readonly Preparation[],
  { lost }: Pick<Journalled, "lost">,
): Promise<Lost[]> {
  const prepared = preparations.flatMap((one) =>
    one.ok && lost.has(one.prepared.selected.token.name) ? [one.prepared] : [],
  );
  return Promise.all(
    prepared.map(async (one) => ({
      selected: one.selected,
      left: (await one.discard?.()) ?? NOTHING,
    })),
  );
}
