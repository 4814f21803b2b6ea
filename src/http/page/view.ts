// The view: the part of the record that a page's address asks for, and the address of another part.
import * as z from "zod";
import { HEALTH_STATUSES, type HealthStatus } from "../../core/health/status.ts";

/** Orders of the tokens. The first is the default. */
export const ORDERS = ["worst", "name", "oldest", "next"] as const;
export type Order = (typeof ORDERS)[number];
/** Choices of the filter beside one health. */
const ATTENTION = "attention";

export type View = {
  /** Words that a token's name, type, groups or places must all hold. */
  readonly q: string;
  readonly health: HealthStatus | typeof ATTENTION | null;
  readonly sort: Order;
  /** From 1. */
  readonly page: number;
  /** Of the history, from 1. */
  readonly history: number;
};

const MAX_QUERY_LENGTH = 200;
const number = z
  .string()
  .regex(/^[1-9]\d{0,4}$/, "must be a whole number from 1")
  .transform(Number)
  .default(1);

/** A form without a script sends its empty fields too. */
const orEmpty = <Value extends string>(values: readonly Value[]) =>
  z.union([z.enum(values), z.literal("")]);

export const viewQuery = z.strictObject({
  q: z.string().max(MAX_QUERY_LENGTH).default(""),
  health: orEmpty([ATTENTION, ...HEALTH_STATUSES])
    .transform((health) => (health === "" ? null : health))
    .default(null),
  sort: orEmpty(ORDERS)
    .transform((sort) => (sort === "" ? ORDERS[0] : sort))
    .default(ORDERS[0]),
  page: number,
  history: number,
});

/** The page's address with a part of the view changed. Defaults are left out. */
export function addressOf(view: View, change: Partial<View>, anchor: string): string {
  const { q, health, sort, page, history } = { ...view, ...change };
  const fields = new URLSearchParams();
  if (q !== "") fields.set("q", q);
  if (health !== null) fields.set("health", health);
  if (sort !== ORDERS[0]) fields.set("sort", sort);
  if (page !== 1) fields.set("page", String(page));
  if (history !== 1) fields.set("history", String(history));
  return `?${fields}#${anchor}`;
}

/** One page of a list. A number past the end means the last one. */
export function selectPage<Item>(items: readonly Item[], wanted: number, size: number) {
  const { page, pages, first } = pageAt(items.length, wanted, size);
  return { page, pages, first, shown: items.slice(first, first + size) };
}

/** The page of a list with that number of items, and the index of its first item. */
export function pageAt(count: number, wanted: number, size: number) {
  const pages = Math.max(1, Math.ceil(count / size));
  const page = Math.min(wanted, pages);
  return { page, pages, first: (page - 1) * size };
}
