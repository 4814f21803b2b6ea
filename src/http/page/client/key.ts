// The key, entered by a person if one is needed. This tab's memory holds it, and it outlives a reload only if the person chose so.
import { find, session, show } from "./show.ts";

/** The name under which a tab keeps the key that the person chose to keep, until the tab is closed. */
const KEPT = "token-automation.key";

/** Signs in with the entered key. */
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

/** Signs in with the key that this tab kept. */
export async function resume(): Promise<void> {
  session.key = sessionStorage.getItem(KEPT);
  if (session.key === null || find("#key-form") === null) return;
  if ((await show(location.search)) === 401) forget();
}
