// Rotations that a workflow makes elsewhere: how one is asked for, and what is seen of it. Pure.
import type { HistoryEntry, RequestMark, TokenConfig } from "../model/schema.ts";
import type { RunOutcome, WorkflowRun } from "./workflow-run.ts";

/** What the rotation workflow is started with. */
export type StartRequest =
  | { readonly command: "rotate"; readonly tokens: readonly string[]; readonly request: string }
  | { readonly command: "workflow"; readonly workflow: string; readonly request: string };

export type WorkflowRuns = {
  /** The run that answers that request, else one whose request came with the same key; null where none was started, or long ago. */
  find(request: string): Promise<WorkflowRun | null>;
  /** Starts one; null where GitHub does not tell which. Throws `Failure`. */
  start(request: StartRequest): Promise<WorkflowRun | null>;
  /** Throws `Misconfigured` (`run-missing`) where there is none of that id. */
  get(id: number): Promise<WorkflowRun>;
};

const REQUEST = /^([A-Za-z0-9_.@-]{1,64})\/([0-9a-f]{32})\.([0-9a-f]{32})$/;
/** Of a digest: 128 bits, too many to meet by chance. */
const DIGITS = 32;

/** A request in one word, to be handed to the workflow: who asks, and the mark by which it is carried out once. */
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

/** Whether two words stand for one request, from any sender. */
export function areSame(word: string, other: string): boolean {
  return (
    haveSameKey(word, other) && parseRequest(word)?.mark.asked === parseRequest(other)?.mark.asked
  );
}

/** Whether two requests came with the same caller's key, whatever they asked for. */
export function haveSameKey(word: string, other: string): boolean {
  const id = parseRequest(word)?.mark.id;
  return id !== undefined && id === parseRequest(other)?.mark.id;
}

/** What the history shows of a run; null if it shows nothing. */
export function outcomeOf(
  config: TokenConfig,
  run: Pick<WorkflowRun, "url" | "request">,
): RunOutcome | null {
  const mark = run.request === null ? null : (parseRequest(run.request)?.mark ?? null);
  const isOf = ({ triggered_by, requests }: HistoryEntry) =>
    triggered_by.run_url === run.url ||
    (mark !== null && requests?.some(({ id }) => id === mark.id));
  const entries = (config.history ?? []).filter(isOf);
  if (entries.length === 0) return null;
  const names = (event: string) =>
    entries.flatMap((entry) =>
      entry.event === event && entry.token_name !== null ? [entry.token_name] : [],
    );
  return { rotated: names("rotated"), failed: names("failed"), entries };
}
