// The check of a language model's answer against the record: it can only choose among what the program would do. Pure.
import * as z from "zod";
import { Failure } from "../base/errors.ts";
import { DAY_MS, HOUR_MS } from "../base/instant.ts";
import { declareRule, requireValid } from "../config/edit.ts";
import type { Suggestions } from "../health/shapes.ts";
import { MAX_INTERVAL_HOURS, MIN_INTERVAL_HOURS, type TokenConfig } from "../model/schema.ts";
import type { Home } from "../model/token.ts";
import type { Advice } from "./advice.ts";

type Schedule = Advice["schedules"][number];

/** The most that a text of the model's may have, in characters. */
const LONGEST_TEXT = 4_000;
const LONGEST_REASON = 300;
/** The most names and schedules that are looked at. */
const MOST_ENTRIES = 1_000;
/** The age at which a token is at high risk unless the settings say otherwise, in days: no proposal may reach beyond it. */
const HIGH_RISK_DAYS = 30;

const text = z.string().max(100_000);
const answer = z.object({
  explanation: text,
  order: z.array(text).max(MOST_ENTRIES),
  schedules: z
    .array(z.object({ token_name: text, interval_hours: z.number(), reason: text.optional() }))
    .max(MOST_ENTRIES),
  audit: text,
});

/** The suggestions without a model's help, and why. */
export function unavailable({ actions }: Suggestions, detail: string): Advice {
  const order = [...new Set(actions.map(({ token_name }) => token_name))];
  return {
    status: "unavailable",
    detail,
    explanation: null,
    audit: null,
    order,
    schedules: [],
    refused: [],
  };
}

/** Judges the model's answer. What is not an answer in the form that was asked for is none: then the suggestions stand. */
export function readAdvice(
  given: string,
  about: { readonly config: TokenConfig; readonly home: Home; readonly suggestions: Suggestions },
): Advice {
  const parsed = answer.safeParse(jsonIn(given));
  if (!parsed.success)
    return unavailable(
      about.suggestions,
      "the model's answer is not in the form that was asked for",
    );
  const { explanation, audit, order, schedules } = parsed.data;
  const known = unavailable(about.suggestions, "").order;
  const refused: string[] = [];
  const chosen = [...new Set(order)].filter((name) => {
    if (known.includes(name)) return true;
    refused.push(`it orders ${shownName(name, about.config)}, for which there is nothing to do`);
    return false;
  });
  const settled = new Set<string>();
  const accepted = schedules.flatMap((proposed): Schedule[] => {
    const objection = settled.has(proposed.token_name)
      ? "which has one already"
      : objectionTo(proposed, about);
    if (objection === null) {
      settled.add(proposed.token_name);
      return [scheduleOf(proposed, about.config)];
    }
    refused.push(
      `it proposes an interval for ${shownName(proposed.token_name, about.config)}, ${objection}`,
    );
    return [];
  });
  return {
    status: "answered",
    detail: null,
    explanation: cleaned(explanation, LONGEST_TEXT),
    audit: cleaned(audit, LONGEST_TEXT),
    order: [...chosen, ...known.filter((name) => !chosen.includes(name))],
    schedules: accepted,
    refused,
  };
}

const FENCE = "```";

/** Models wrap JSON in a fence now and then. Null where there is none. */
function jsonIn(given: string): unknown {
  const text = given.trim();
  // By hand: a pattern for it takes hours for an answer of nothing but line breaks.
  const isFenced = text.startsWith(FENCE) && text.endsWith(FENCE);
  const inner = isFenced ? text.slice(text.indexOf("\n"), -FENCE.length) : text;
  try {
    return JSON.parse(inner);
  } catch {
    return null;
  }
}

type Proposed = z.infer<typeof answer>["schedules"][number];

/** Why that interval may not be proposed; null where it may. */
function objectionTo(
  { token_name, interval_hours }: Proposed,
  { config, home }: { readonly config: TokenConfig; readonly home: Home },
): string | null {
  if (!Object.hasOwn(config.tokens ?? {}, token_name)) return "which is not declared";
  const days = config.settings?.health?.high_risk_days ?? HIGH_RISK_DAYS;
  const longest = Math.min(MAX_INTERVAL_HOURS, (days * DAY_MS) / HOUR_MS);
  if (interval_hours < MIN_INTERVAL_HOURS || interval_hours > longest)
    return `which must be from ${MIN_INTERVAL_HOURS} to ${longest} hours`;
  if (config.rules?.[token_name]?.interval_hours === interval_hours)
    return "which is the one that it has";
  try {
    requireValid(declareRule(config, token_name, { interval_hours }), home);
    return null;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return `which the record refuses: ${error.message}`;
  }
}

function scheduleOf(
  { token_name, interval_hours, reason = "" }: Proposed,
  config: TokenConfig,
): Schedule {
  const { auto_rotate = true, notify = true } = config.rules?.[token_name] ?? {};
  const body = { token_name, interval_hours, auto_rotate, notify };
  return {
    token_name,
    interval_hours,
    reason: cleaned(reason, LONGEST_REASON),
    request: { method: "POST", path: "/tokens/setup-rotation", body },
  };
}

/** A name that the record does not hold is the model's invention, and may be anything. */
function shownName(name: string, config: TokenConfig): string {
  return Object.hasOwn(config.tokens ?? {}, name) ? name : "a token that does not exist";
}

/** Text of another author, without what acts instead of being shown: controls, marks that hide or reorder, half characters. */
function cleaned(given: string, longest: number): string {
  const visible = given.replace(/(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, "").trim();
  return visible.length > longest ? `${visible.slice(0, longest)}…` : visible;
}
