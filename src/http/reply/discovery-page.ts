// What was discovered, in pages of secrets.
import type { Discovery } from "../../core/discovery/discover.ts";
import { shorten } from "../problem/shorten.ts";
import { type Page, pageOf } from "./paging.ts";

/** Findings about everything, which stand on each page, in the order in which they are cut. */
const FINDINGS = ["invisible_to_dependabot", "shadowed", "missing", "not_listed"] as const;

/**
 * One page of the secrets that were found, with those of `undeclared` that are among them; the other findings are about all.
 * A scope without secrets stands on the first. Throws `HttpProblem` 400 for a cursor that leads nowhere.
 */
export function discoveryPage(
  discovery: Discovery,
  page: Page,
): Discovery & { readonly next_cursor: string | null } {
  const entries = discovery.scopes.flatMap(({ secrets }) =>
    secrets.map((secret) => ({
      key: secret.id,
      size: JSON.stringify(secret).length + secret.id.length,
    })),
  );
  const { shown, next } = pageOf(entries, page);
  const isFirst = page.cursor === undefined;
  const scopes = discovery.scopes.flatMap(({ scope, secrets }) => {
    const here = secrets.filter(({ id }) => shown.has(id));
    return here.length > 0 || (isFirst && secrets.length === 0) ? [{ scope, secrets: here }] : [];
  });
  const told = {
    ...discovery,
    scopes,
    undeclared: discovery.undeclared.filter((id) => shown.has(id)),
    next_cursor: next,
  };
  return page.limit === undefined ? told : shorten(told, FINDINGS);
}
