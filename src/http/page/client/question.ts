// The question before a change, and the result of the answer. No value is requested, and none is shown.
import { follow } from "./follow.ts";
import { find, say, session, show } from "./show.ts";

/** The change in question. `id` is the same for every try, so that a repeated request is one change. */
type Question = {
  readonly path: string;
  readonly name: string;
  readonly body: object;
  readonly id: string;
  readonly opener: string;
};
/** Done, refused or failed, or unknown, which the same request sent again resolves. */
type Ending = "done" | "failed" | "lost";
type Answer = { readonly status: number; readonly body: Readonly<Record<string, unknown>> };

const ROTATE = "/tokens/rotate";
const NO_ANSWER =
  "No answer came. The change may have happened all the same. To try again is safe, since it is done once.";

let question: Question | null = null;
let busy = false;

/** Asks about the button's change. */
export function ask(button: HTMLElement): void {
  const { rotate, run, generation, places, tokens } = button.dataset;
  const dialog = find<HTMLDialogElement>("#ask");
  if (dialog === null) return;
  // Not randomUUID, which exists only over https, or on this machine.
  const id = [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
  if (rotate !== undefined) {
    question = {
      path: ROTATE,
      name: rotate,
      body: { token_name: rotate, reveal: false },
      id,
      opener: `[data-rotate="${rotate}"]`,
    };
    const instead =
      generation === "0" ? "It is the first." : `It takes the place of generation ${generation}.`;
    fill({
      what: `Rotate ${rotate}?`,
      more: `A new credential is made and placed at ${places}. ${instead}`,
      yes: "Rotate",
      wrong: "",
    });
  } else if (run !== undefined) {
    question = {
      path: "/tokens/workflow/run",
      name: run,
      body: { workflow_name: run },
      id,
      opener: `[data-run="${run}"]`,
    };
    const which = tokens === "1" ? "Its token is" : `All its ${tokens} tokens are`;
    fill({
      what: `Run ${run}?`,
      more: `${which} rotated now, whatever the schedule says.`,
      yes: "Run",
      wrong: "",
    });
  }
  fill({ run: "", no: "Cancel" });
  for (const [part, hidden] of [
    ["yes", false],
    ["link", true],
  ] as const) {
    const place = find(`#ask-${part}`);
    if (place !== null) place.hidden = hidden;
  }
  dialog.showModal();
}

function fill(texts: Readonly<Record<string, string>>): void {
  for (const [part, text] of Object.entries(texts)) {
    const place = find(`#ask-${part}`);
    if (place !== null) place.textContent = text;
  }
}

/** Makes the change in question, once. */
export async function confirm(): Promise<void> {
  const yes = find("#ask-yes");
  const asked = question;
  if (busy || asked === null || yes === null) return;
  busy = true;
  yes.setAttribute("aria-disabled", "true");
  const answer = await send(asked).catch(() => null);
  busy = false;
  yes.removeAttribute("aria-disabled");
  if (answer === null) return close(asked, NO_ANSWER, "lost");
  const path = answer.status === 202 ? text(answer.body.follow) : "";
  if (/^\/tokens\/runs\/\d+$/.test(path) && find<HTMLDialogElement>("#ask")?.open)
    return showRun(asked, answer.body, path);
  await close(asked, describeOutcome(asked, answer), answer.status < 300 ? "done" : "failed");
}

/** Shows the run in the dialog until it ends or is closed. The page is then loaded again. */
async function showRun(asked: Question, { run }: Answer["body"], path: string): Promise<void> {
  const dialog = find<HTMLDialogElement>("#ask");
  const [yes, link] = [find("#ask-yes"), find<HTMLAnchorElement>("#ask-link a")];
  const url = text(Reflect.get(Object(run), "url"));
  if (yes !== null) yes.hidden = true;
  if (link?.parentElement && url.startsWith("https://")) {
    link.href = url;
    link.parentElement.hidden = false;
  }
  let last = `${asked.name}: the run is started.`;
  const words = (now: string) => {
    last = now;
    fill({ run: now });
  };
  fill({
    wrong: "",
    more: "The rotation workflow does it. It goes on after you close this.",
    no: "Close",
  });
  words(last);
  find("#ask-no")?.focus();
  dialog?.addEventListener("close", () => void close(asked, last, "done"), { once: true });
  await follow(path, asked.name, words);
}

async function close(asked: Question, words: string, ending: Ending): Promise<void> {
  const dialog = find<HTMLDialogElement>("#ask");
  if (ending !== "done" && dialog?.open) {
    fill({ wrong: words, yes: "Try again" });
    const yes = find("#ask-yes");
    // A refused or failed change starts from a new question, on the page as it is then.
    if (yes !== null) yes.hidden = ending === "failed";
    find("#ask-no")?.focus();
    return;
  }
  dialog?.close();
  say(words);
  if (ending !== "done") return;
  await show(location.search);
  (find(asked.opener) ?? find("#main"))?.focus();
}

async function send({ path, body, id }: Question): Promise<Answer> {
  const headers: Record<string, string> = {
    "content-type": "application/json",
    "idempotency-key": id,
  };
  if (session.key !== null) headers.authorization = `Bearer ${session.key}`;
  const response = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  return { status: response.status, body: await response.json() };
}

function describeOutcome({ name, path }: Question, { status, body }: Answer): string {
  if (status >= 300)
    return sentences([
      text(body.detail) || "It failed",
      text(body.hint),
      ...listMistakes(body.problems),
    ]);
  if (status === 202) return text(body.detail) || `${name}: requested, and under way elsewhere.`;
  if (path === ROTATE) return `${name} was rotated.`;
  const [rotated, failed] = [names(body.rotated), names(body.failed)];
  return `${name}: ${rotated.length} rotated${failed.length > 0 ? `; failed: ${failed.join(", ")}` : ""}.`;
}

/** The mistakes that a problem lists, as far as a dialog has room. */
function listMistakes(problems: unknown): string[] {
  if (!Array.isArray(problems) || problems.length < 2) return [];
  return problems
    .slice(0, 5)
    .map((problem: { readonly message?: unknown }) => text(problem.message));
}

function sentences(parts: readonly string[]): string {
  return parts
    .filter((part) => part !== "")
    .map((part) => part.replace(/\.?$/, "."))
    .join(" ");
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function names(value: unknown): string[] {
  return Array.isArray(value) ? value.map(text) : [];
}
