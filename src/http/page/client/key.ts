// The key, where one is needed: entered by a person, held in this tab's memory, and kept there over a reload only if asked to.
import { find, session, show } from "./show.ts";

/** Where a tab keeps the key that its person asked it to keep, until the tab is closed. */
const KEPT = "token-automation.key";

/** Comes in with the key that was entered. */
export async function enter(): Promise<void> {
  const key = find<HTMLInputElement>("#key")?.value.trim() ?? "";
  const keep = find<HTMLInputElement>("#keep")?.checked ?? false;
  session.key = key;
  const status = await show(location.search);
  if (status === 401 || status === 0) {
    forget();
    const wrong = find("#key-wrong");
    if (wrong !== null)
      wrong.textContent = status === 0 ? "No answer came." : "That key is unknown or has expired.";
    find("#key")?.focus();
    return;
  }
  if (keep && status === 200) sessionStorage.setItem(KEPT, key);
  find("#main")?.focus();
}

export function forget(): void {
  session.key = null;
  sessionStorage.removeItem(KEPT);
}

/** Comes in with the key that this tab kept. */
export async function resume(): Promise<void> {
  session.key = sessionStorage.getItem(KEPT);
  if (session.key === null || find("#key-form") === null) return;
  if ((await show(location.search)) === 401) forget();
}
