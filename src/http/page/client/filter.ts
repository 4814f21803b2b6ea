// The filter, applied while a person types. The server makes the list, so that it is the same without a script.
import { find, load, say, session, swap } from "./show.ts";

/** How long a person may pause in typing before the filter is applied, in milliseconds. */
const PAUSE_MS = 200;

let typing: number | undefined;

/** Narrows the list once the person pauses. */
export function narrowSoon(form: HTMLFormElement): void {
  clearTimeout(typing);
  typing = window.setTimeout(
    () => void narrow(form).catch(() => say("The list could not be read: no answer came.")),
    PAUSE_MS,
  );
}

async function narrow(form: HTMLFormElement): Promise<void> {
  const address = buildAddress(form);
  const { status, page } = await load(address);
  if (status !== 200 || page === null) {
    say("The list could not be read. Refresh the page.");
    return;
  }
  session.search = address;
  history.replaceState(null, "", address);
  swap(page, ["#found"]);
  say(find("#count")?.textContent ?? "", false);
}

/** The filter's fields as an address. Defaults are left out. */
function buildAddress(form: HTMLFormElement): string {
  const fields = new URLSearchParams();
  for (const [name, value] of new FormData(form))
    if (typeof value === "string" && value !== "" && value !== "worst") fields.set(name, value);
  return `?${fields}`;
}
