// A run of the rotation workflow that this page started. The dialog shows it until it ends, or the person closes the dialog.
import { find, session } from "./show.ts";

/** Between two requests, in milliseconds. Each costs a request of GitHub's budget, so they become rarer. */
const FIRST_PAUSE_MS = 4_000;
const LONGEST_PAUSE_MS = 30_000;
const LONGER_BY = 1.25;

type Body = Readonly<Record<string, unknown>>;
/** The words to show, and whether they are the last. */
type Look = { readonly words: string; readonly ended: boolean };

/** Follows the run at that path. Resolves with the last words when it has ended, or with null when the dialog is closed. */
export async function follow(
  path: string,
  name: string,
  show: (words: string) => void,
): Promise<string | null> {
  const dialog = find<HTMLDialogElement>("#ask");
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(LONGEST_PAUSE_MS, pause * LONGER_BY)) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    if (!dialog?.open) return null;
    const { words, ended } = await look(path, name).catch(() => ({
      words: "The run's state could not be read: no answer came. The run goes on by itself.",
      ended: false,
    }));
    if (!dialog.open) return null;
    show(words);
    if (ended) return words;
  }
}

async function look(path: string, name: string): Promise<Look> {
  const headers: Record<string, string> =
    session.key === null ? {} : { authorization: `Bearer ${session.key}` };
  const response = await fetch(path, { headers });
  const body: Body = await response.json();
  if (response.ok) return { words: describeState(body, name), ended: body.status === "completed" };
  const why = typeof body.detail === "string" ? `: ${body.detail}` : "";
  // A failure that may pass is tried again. A refusal is final.
  return {
    words: `The run's state could not be read${why}.`,
    ended: response.status < 500 && response.status !== 429,
  };
}

/** The words for a run's state, which claim no more than is known. */
function describeState({ status, conclusion, report }: Body, name: string): string {
  if (status === "in_progress") return `${name}: the run is under way.`;
  if (status !== "completed") return `${name}: the run is queued and has not begun.`;
  const [rotated, failed] = [names(report, "rotated"), names(report, "failed")];
  const done = [
    ...(rotated.length > 0 ? [`rotated: ${rotated.join(", ")}`] : []),
    ...(failed.length > 0 ? [`failed: ${failed.join(", ")}`] : []),
  ].join("; ");
  const what = done === "" ? "the record's history has no entry for it" : done;
  if (conclusion === "success") return `${name}: the run ended with success; ${what}.`;
  return `${name}: the run ended with ${String(conclusion)}; ${what}. Its log on GitHub says why.`;
}

function names(report: unknown, field: string): string[] {
  const list: unknown = Reflect.get(Object(report), field);
  return Array.isArray(list) ? list.map(String) : [];
}
