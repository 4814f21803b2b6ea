// Fetches the page at another address, or of another caller, and puts its parts in place of these.

/** What the page knows beside what it shows. `key`: of the caller, where one is needed; `search`: the address of what is shown. */
export const session: { key: string | null; search: string } = {
  key: null,
  search: location.search,
};

let loading: XMLHttpRequest | null = null;

export function find<E extends HTMLElement = HTMLElement>(
  selector: string,
  root: ParentNode = document,
): E | null {
  return root.querySelector<E>(selector);
}

/** The page at that address as a document. A fetch would give text, and no text is made into markup here. */
export function load(
  address: string,
): Promise<{ readonly status: number; readonly page: Document | null }> {
  loading?.abort();
  const request = new XMLHttpRequest();
  loading = request;
  return new Promise((resolve, reject) => {
    request.open("GET", `/${address.replace(/#.*/, "")}`);
    request.responseType = "document";
    request.setRequestHeader("accept", "text/html");
    if (session.key !== null) request.setRequestHeader("authorization", `Bearer ${session.key}`);
    request.onload = () => resolve({ status: request.status, page: request.responseXML });
    request.onerror = () => reject(new Error("no answer came"));
    request.send();
  });
}

/**
 * Tells what has happened, also to those who do not see it.
 * @param shown false: it stands on the page already, where those look who see it
 */
export function say(text: string, shown = true): void {
  const said = find("#said");
  if (said === null) return;
  said.classList.toggle("unseen", !shown);
  said.textContent = text;
}

/** Puts the named parts of another page in place of these; what was said stays. */
export function swap(page: Document, selectors: readonly string[]): void {
  for (const selector of selectors) {
    const part = find(selector, page);
    if (part !== null) find(selector)?.replaceWith(part);
  }
  document.title = page.title;
  prepare();
}

/** Shows the page at that address in place of this one. Gives the status; 0 where no answer came, which is said. */
export async function show(address: string): Promise<number> {
  const { status, page } = await load(address).catch(() => ({ status: 0, page: null }));
  if (page === null) {
    say("The record could not be read: no answer came.");
    return 0;
  }
  session.search = address.replace(/#.*/, "");
  find("dialog")?.remove();
  const dialog = find("dialog", page);
  if (dialog !== null) find("footer")?.before(dialog);
  swap(page, ["header", "main"]);
  return status;
}

/** Brings out what only works with this script, and hides what it does by itself. */
export function prepare(): void {
  for (const part of document.querySelectorAll<HTMLElement>("[data-rotate],[data-run],#key-form"))
    part.hidden = false;
  for (const part of document.querySelectorAll<HTMLElement>("#filter button,.no-script"))
    part.hidden = true;
  const leave = find("#leave");
  if (leave !== null) leave.hidden = session.key === null;
}
