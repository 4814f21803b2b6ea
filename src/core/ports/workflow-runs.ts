// Requests to the rotation workflow, and the runs that answer them. Pure.
import type { DoneToken, HistoryEntry, RequestMark, TokenConfig } from "../model/schema.ts";
import type { RunOutcome, WorkflowRun } from "./workflow-run.ts";

/** The inputs that the rotation workflow is started with. */
export type StartRequest =
  | { readonly command: "rotate"; readonly tokens: readonly string[]; readonly request: string }
  | { readonly command: "workflow"; readonly workflow: string; readonly request: string };

export type WorkflowRuns = {
  /** The run that answers that request, else one whose request came with the same key; null if none was started, or only long ago. */
  find(request: string): Promise<WorkflowRun | null>;
  /** Starts a run; null if GitHub does not say which. Throws `Failure`. */
  start(request: StartRequest): Promise<WorkflowRun | null>;
  /** Throws `Misconfigured` (`run-missing`) if no run has that id. */
  get(id: number): Promise<WorkflowRun>;
};

const REQUEST = /^([A-Za-z0-9_.@-]{1,64})\/([0-9a-f]{32})\.([0-9a-f]{32})$/;
/** Of a digest: 128 bits, too many to meet by chance. */
const DIGITS = 32;

/** A request in one word for the workflow: who asks, and the mark by which it is carried out once. */
export function requestWord(caller: string, mark: RequestMark): string {
  return `${caller}/${mark.id.slice(0, DIGITS)}.${mark.asked.slice(0, DIGITS)}`;
}

/** Reads what `requestWord` wrote; null for anything else. */
export function parseRequest(
  word: string,
): { readonly caller: string; readonly mark: RequestMark } | null {
  const [, caller, id, asked] = REQUEST.exec(word) ?? [];
  return caller === undefined || id === undefined || asked === undefined
    ? null
    : { caller, mark: { id, asked } };
}

/** True if two words stand for one request, from any caller. */
export function areSame(word: string, other: string): boolean {
  return (
    haveSameKey(word, other) && parseRequest(word)?.mark.asked === parseRequest(other)?.mark.asked
  );
}

/** True if two requests came with the same caller's key, whatever they asked for. */
export function haveSameKey(word: string, other: string): boolean {
  const id = parseRequest(word)?.mark.id;
  return id !== undefined && id === parseRequest(other)?.mark.id;
}

/** The rotations that the record remembers for a run's request; empty if it has none. */
export function doneFor(
  config: TokenConfig,
  { request }: Pick<WorkflowRun, "request">,
): readonly DoneToken[] {
  const mark = request === null ? null : (parseRequest(request)?.mark ?? null);
  const requests = config.state?.requests ?? {};
  return mark !== null && Object.hasOwn(requests, mark.id) ? (requests[mark.id]?.tokens ?? []) : [];
}

/** True if a run made the entry, or if it is one of the rotations that were made for the run's request. */
export function isOfRun(
  { triggered_by, event, token_name, generation }: HistoryEntry,
  run: Pick<WorkflowRun, "url">,
  done: readonly DoneToken[],
): boolean {
  return (
    triggered_by.run_url === run.url ||
    (event === "rotated" &&
      done.some((token) => token.token_name === token_name && token.generation === generation))
  );
}

/** What the entries of a run say; null if there are none. */
export function outcomeOf(entries: readonly HistoryEntry[]): RunOutcome | null {
  if (entries.length === 0) return null;
  const names = (event: string) =>
    entries.flatMap((entry) =>
      entry.event === event && entry.token_name !== null ? [entry.token_name] : [],
    );
  return { rotated: names("rotated"), failed: names("failed"), entries };
}
