// Rules beyond the schema for a config: names that must fit one another, schedules, zones, bands.

import { Misconfigured } from "../base/errors.ts";
import { looksLikeSecret, seen, seenName, seenString } from "../base/showable.ts";
import { didYouMean } from "../model/names.ts";
import {
  ALL_TOKENS,
  LABEL_PATTERN,
  MAX_NAME_LENGTH,
  type Settings,
  type TokenConfig,
  type Workflow,
} from "../model/schema.ts";
import type { Home } from "../model/token.ts";
import { isTimeZone, parseSchedule } from "../schedule/schedule.ts";
import { type Mistake, partName, valueAsName } from "./mistake.ts";
import type { Path } from "./positions.ts";
import type { Doubts } from "./prune.ts";
import { checkTokens } from "./token-rules.ts";

/** Comparisons of names spent on suggestions in one file: twice what 1,000 tokens need, so a file of any size is judged in seconds. */
const SUGGESTION_BUDGET = 2_000_000;
/** Schedules longer than this, in characters, are not quoted back. */
const MAX_SHOWN_SCHEDULE = 60;
/** A part of what was meant as a schedule, of whatever cron program. Each character can be taken in one way only, or a long one takes for ever. */
const SCHEDULE_WORD = /^(?:@?[a-z]{3,9}(?:#\d)?|[\d*?#]*[LW]{0,2})$/i;

/** Everything that is wrong with a config whose shape is right, but for what is in doubt. */
export function checkRules(config: TokenConfig, home: Home, doubts: Doubts): Mistake[] {
  const suggest = suggester();
  return [
    ...checkSettings(config.settings ?? {}),
    ...checkTokens(config, home, doubts),
    ...(doubts.namesKnown ? checkTokenRules(config, suggest) : []),
    ...checkGroups(config),
    ...(doubts.groupsKnown ? checkMembers(config, suggest) : []),
    ...checkWorkflows(config),
  ];
}

type Suggest = (name: string, known: readonly string[]) => string | null;

function suggester(): Suggest {
  let spent = 0;
  return (name, known) => {
    if (spent > SUGGESTION_BUDGET) return null;
    spent += known.length;
    return didYouMean(name, known);
  };
}

function checkSettings(settings: Settings): Mistake[] {
  const zone =
    settings.timezone === undefined ? [] : checkZone(settings.timezone, ["settings", "timezone"]);
  const health = settings.health ?? {};
  const bands = [
    ["recently_rotated_hours", health.recently_rotated_hours ?? 24, 1],
    ["should_rotate_days", health.should_rotate_days ?? 7, 24],
    ["needs_rotation_days", health.needs_rotation_days ?? 14, 24],
    ["high_risk_days", health.high_risk_days ?? 30, 24],
  ] as const;
  const falling = bands.flatMap(([name, value, hours], index): Mistake[] => {
    const before = bands[index - 1];
    if (before === undefined || before[1] * before[2] <= value * hours) return [];
    // A default stands nowhere in the file: the one that a person wrote is to blame.
    const blamed = Object.hasOwn(health, name) ? name : before[0];
    return [
      {
        path: ["settings", "health", blamed],
        on: "value",
        code: "bands-out-of-order",
        message: `settings.health.${name} (${value}) comes before ${before[0]} (${before[1]})`,
        hint: "Let each band begin no earlier than the one before it: recently_rotated_hours, should_rotate_days, needs_rotation_days, high_risk_days.",
      },
    ];
  });
  return [...zone, ...falling];
}

function checkZone(zone: string, path: Path): Mistake[] {
  if (isTimeZone(zone)) return [];
  const meant = didYouMean(zone, ["UTC", ...Intl.supportedValuesOf("timeZone")]);
  const shown = meant === null ? seen(zone) : JSON.stringify(zone);
  const hint = meant ?? 'Name a zone of the IANA database, as "UTC" or "Europe/Berlin".';
  return [
    {
      path,
      on: "value",
      code: "unknown-timezone",
      message: `${partName(path)} is ${shown}, which is no time zone`,
      hint,
    },
  ];
}

function checkTokenRules(config: TokenConfig, suggest: Suggest): Mistake[] {
  const declared = Object.keys(config.tokens ?? {});
  const known = new Set(declared);
  return Object.keys(config.rules ?? {}).flatMap((name): Mistake[] => {
    if (known.has(name)) return [];
    const hint = suggest(name, declared) ?? `Declare the token under "tokens", or remove its rule.`;
    return [
      {
        path: ["rules", name],
        on: "key",
        code: "unknown-token",
        message: `a rule names ${seenName(name)}, which is not declared`,
        hint,
      },
    ];
  });
}

function checkGroups(config: TokenConfig): Mistake[] {
  const names = new Set(Object.keys(config.tokens ?? {}));
  return Object.entries(config.tokens ?? {}).flatMap(([token, { groups = [] }]) =>
    groups.flatMap((group, index): Mistake[] => {
      if (looksLikeSecret(group))
        return [valueAsName(group, { path: ["tokens", token, "groups", index], on: "value" })];
      if (group !== ALL_TOKENS && !names.has(group)) return [];
      const what =
        group === ALL_TOKENS ? "which means every token" : "which is also the name of a token";
      const message = `the token ${seenName(token)} is in a group called ${seenName(group)}, ${what}`;
      return [
        {
          path: ["tokens", token, "groups", index],
          on: "value",
          code: "ambiguous-group",
          message,
          hint: "Give the group another name.",
        },
      ];
    }),
  );
}

function checkMembers(config: TokenConfig, suggest: Suggest): Mistake[] {
  const groups = Object.values(config.tokens ?? {}).flatMap((token) => token.groups ?? []);
  const known = new Set([...Object.keys(config.tokens ?? {}), ...groups, ALL_TOKENS]);
  const names = [...known];
  return Object.entries(config.workflows ?? {}).flatMap(([name, workflow]) =>
    workflow.tokens.flatMap((member, index): Mistake[] => {
      if (known.has(member)) return [];
      const message = `the workflow ${seenName(name)} names ${seenName(member)}, which is neither a token nor a group`;
      const hint =
        suggest(member, names) ??
        `Declare it under "tokens", or write ${ALL_TOKENS} for all of them.`;
      return [
        {
          path: ["workflows", name, "tokens", index],
          on: "value",
          code: "unknown-member",
          message,
          hint,
        },
      ];
    }),
  );
}

function checkWorkflows(config: TokenConfig): Mistake[] {
  return Object.entries(config.workflows ?? {}).flatMap(([name, workflow]) => [
    ...checkWorkflowName(name),
    ...checkSchedule(name, workflow),
    ...(workflow.timezone === undefined
      ? []
      : checkZone(workflow.timezone, ["workflows", name, "timezone"])),
  ]);
}

function checkWorkflowName(name: string): Mistake[] {
  if (looksLikeSecret(name)) return [valueAsName(name, { path: ["workflows", name], on: "key" })];
  if (LABEL_PATTERN.test(name) && name.length <= MAX_NAME_LENGTH) return [];
  return [
    {
      path: ["workflows", name],
      on: "key",
      code: "invalid-workflow-name",
      message: `${seenName(name)} cannot be a workflow's name`,
      hint: `Use letters, digits, underscores, dots and dashes, at most ${MAX_NAME_LENGTH} of them.`,
    },
  ];
}

function checkSchedule(name: string, { schedule }: Workflow): Mistake[] {
  try {
    parseSchedule(schedule);
    return [];
  } catch (error) {
    if (!(error instanceof Misconfigured)) throw error;
    // The message quotes the expression; what does not even look like one may be anything.
    const showable =
      schedule.length <= MAX_SHOWN_SCHEDULE &&
      schedule.split(/[\s,\-/]/).every((word) => SCHEDULE_WORD.test(word));
    const message = showable ? error.message : `${seenString(schedule)} is no schedule`;
    const hint =
      error.hint ??
      "Write five cron fields, as 17 2 * * *, or @hourly, @daily, @weekly, @monthly or @yearly.";
    return [
      {
        path: ["workflows", name, "schedule"],
        on: "value",
        code: "invalid-schedule",
        message: `the workflow ${seenName(name)}: ${message}`,
        hint,
      },
    ];
  }
}
