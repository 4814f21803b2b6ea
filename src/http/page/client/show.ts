// Loading of the page at another address, or for another caller, in place of this one.

/** The page's state. `key`: the caller's, if one is needed. `search`: the address that is shown. */
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

/** The page at that address as a document. A fetch would return text, and no text is made into markup here. */
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
 * Announces an event, also to people who do not see the page.
 * @param shown false if the page already shows it to people who see it
 */
export function say(text: string, shown = true): void {
  const said = find("#said");
  if (said === null) return;
  said.classList.toggle("unseen", !shown);
  said.textContent = text;
}

/** Puts the named parts of another page in place of these. The announcement stays. */
export function swap(page: Document, selectors: readonly string[]): void {
  for (const selector of selectors) {
    const part = find(selector, page);
    if (part !== null) find(selector)?.replaceWith(part);
  }
  document.title = page.title;
  prepare();
}

/** Shows the page at that address in place of this one. Returns the status, or 0 if no answer came, which it announces. */
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

/** Shows the parts that work only with this script, and hides those that it replaces. */
export function prepare(): void {
  for (const part of document.querySelectorAll<HTMLElement>("[data-rotate],[data-run],#key-form"))
    part.hidden = false;
  for (const part of document.querySelectorAll<HTMLElement>("#filter button,.no-script"))
    part.hidden = true;
  const leave = find("#leave");
  if (leave !== null) leave.hidden = session.key === null;
}
