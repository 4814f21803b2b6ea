// The cases, in a fixed order, each with an id by which it can be run alone.
import { ANSWERS, type Answer, type Disturbance, EDITS } from "./disturbances.ts";
import type { Scenario } from "./scenarios.ts";

export type Case = {
  readonly id: string;
  readonly scenario: Scenario;
  readonly disturbance: Disturbance;
};

/** An outage is told by each of these in turn. */
const OUTAGES: readonly Answer[] = ["502", "cut", "limit", "403"];
/** Races per scenario: each race draws its own order of the requests. */
const RACES = 4;

/** Up to this many requests, each is answered in every way; beyond, in a third of the ways, another third for each request. */
const ALL_ANSWERS_UP_TO = 7;
const THIRDS = 3;

function answersTo(at: number, requests: number): Answer[] {
  const names = Object.keys(ANSWERS).filter((name): name is Answer => name in ANSWERS);
  return requests <= ALL_ANSWERS_UP_TO
    ? names
    : names.filter((_, index) => (index + at) % THIRDS === 0);
}

function disturbancesOf(requests: number): Disturbance[] {
  const each = Array.from({ length: requests }, (_, index) => index + 1);
  const pick = <T>(choices: readonly [T, ...T[]] | readonly T[], at: number): T[] =>
    choices.slice(at % choices.length, (at % choices.length) + 1);
  return [
    { kind: "calm" },
    ...each.flatMap((at) =>
      answersTo(at, requests).map((answer): Disturbance => ({ kind: "answer", at, answer })),
    ),
    ...each.flatMap((at) =>
      pick(OUTAGES, at).map((answer): Disturbance => ({ kind: "outage", at, answer })),
    ),
    ...each.flatMap((at) =>
      (["before", "after"] as const).map((when): Disturbance => ({ kind: "kill", at, when })),
    ),
    ...each.map((at): Disturbance => ({ kind: "second", at })),
    ...Array.from(
      { length: RACES },
      (_, index): Disturbance => ({ kind: "race", seed: index + 1 }),
    ),
    ...each.flatMap((at) =>
      pick(EDITS, at).map((edit): Disturbance => ({ kind: "person", at, edit })),
    ),
    ...each.map((at): Disturbance => ({ kind: "keys", at })),
  ];
}

/** @param requests how many the scenario's fault-free run makes */
export function casesOf(scenario: Scenario, requests: number): Case[] {
  return disturbancesOf(requests).map((disturbance) => ({
    id: `${scenario.id}/${describe(disturbance)}`,
    scenario,
    disturbance,
  }));
}

function describe(disturbance: Disturbance): string {
  switch (disturbance.kind) {
    case "calm":
      return "calm";
    case "answer":
    case "outage":
      return `${disturbance.kind}/${disturbance.at}/${disturbance.answer}`;
    case "kill":
      return `kill/${disturbance.at}/${disturbance.when}`;
    case "person":
      return `person/${disturbance.at}/${disturbance.edit}`;
    case "race":
      return `race/${disturbance.seed}`;
    case "second":
    case "keys":
      return `${disturbance.kind}/${disturbance.at}`;
  }
}

/** A part of them, always the same one: every nth, so that all groups and scenarios are in it. */
export function sample(cases: readonly Case[], count: number): Case[] {
  if (count >= cases.length) return [...cases];
  return Array.from(
    { length: count },
    (_, index) => cases[Math.floor((index * cases.length) / count)],
  ).filter((one) => one !== undefined);
}
