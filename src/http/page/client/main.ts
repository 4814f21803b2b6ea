// The page's script, run by the browser: each act of a person, and the function that handles it. Without it the page reads the same.
// `npm run generate` puts it into ../assets.ts.
import { narrowSoon } from "./filter.ts";
import { enter, forget, resume } from "./key.ts";
import { ask, confirm } from "./question.ts";
import { find, prepare, say, session, show } from "./show.ts";

document.addEventListener("click", (event) => {
  // A message is out of date with the person's next act, and must cover nothing any longer.
  say("");
  const at = event.target instanceof Element ? event.target : null;
  const button = at?.closest<HTMLElement>("[data-rotate],[data-run]");
  const link = at?.closest<HTMLAnchorElement>("a[href^='?']");
  if (button) ask(button);
  else if (at?.closest("#leave")) {
    forget();
    location.reload();
  } else if (link && session.key !== null && !(event.ctrlKey || event.metaKey || event.shiftKey)) {
    // A plain visit would lose a key. Without one the browser follows the link by itself.
    event.preventDefault();
    void follow(link);
  }
});

async function follow(link: HTMLAnchorElement): Promise<void> {
  const address = link.getAttribute("href") ?? "";
  const { hash } = new URL(link.href);
  if ((await show(address)) === 0) return;
  history.pushState(null, "", address);
  const target = (hash === "" ? null : find(`${hash} [tabindex]`)) ?? find("#main");
  target?.focus();
  target?.scrollIntoView();
}

document.addEventListener("submit", (event) => {
  const form = event.target instanceof HTMLFormElement ? event.target : null;
  const confirmed = event.submitter?.id === "ask-yes";
  if (form === null || (form.method === "dialog" && !confirmed)) return;
  event.preventDefault();
  if (confirmed) void confirm();
  else if (form.id === "key-form") void enter();
  else narrowSoon(form);
});

document.addEventListener("input", (event) => {
  const form =
    event.target instanceof Element ? event.target.closest<HTMLFormElement>("#filter") : null;
  if (form !== null) narrowSoon(form);
});

addEventListener("popstate", () => {
  // A jump within the page is reported as a step too.
  if (session.key !== null && location.search !== session.search) void show(location.search);
});

prepare();
void resume();
