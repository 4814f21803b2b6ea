// What goes wrong in a case: each arranged as faults of the tests' GitHub around one run of the Action.
import type { Fault, FaultAction } from "../github/faults.ts";
import type { ActionProcess } from "./action-process.ts";
import { HOME, INTERVAL_HOURS, RECORD } from "./scenarios.ts";
import type { World } from "./world.ts";

/** A wait of seconds that GitHub orders, in the header's form. */
const LIMITED = { "retry-after": "5" };

/** How a request can be answered wrongly, by its name in case ids. */
export const ANSWERS = {
  "401": { kind: "status", status: 401, body: { message: "Bad credentials" } },
  "403": {
    kind: "status",
    status: 403,
    body: { message: "Resource not accessible by integration" },
  },
  "404": { kind: "status", status: 404, body: { message: "Not Found" } },
  "409": { kind: "status", status: 409, body: { message: "Conflict" } },
  "422": { kind: "status", status: 422, body: { message: "Validation Failed" } },
  "429": { kind: "status", status: 429, body: { message: "Too many requests" }, headers: LIMITED },
  "500": { kind: "status", status: 500 },
  "502": { kind: "status", status: 502, body: "<html>502 Bad Gateway</html>" },
  limit: {
    kind: "status",
    status: 403,
    body: { message: "You have exceeded a secondary rate limit." },
    headers: LIMITED,
  },
  cut: { kind: "cut" },
  hang: { kind: "hang" },
  lost: { kind: "apply-then-cut" },
} as const satisfies Record<string, FaultAction>;
export type Answer = keyof typeof ANSWERS;

/** What a person commits in between. */
export const EDITS = ["other-file", "rule", "declaration"] as const;
export type Edit = (typeof EDITS)[number];

/** `at`: the request that it strikes, counted from 1. */
export type Disturbance =
  | { readonly kind: "calm" }
  | { readonly kind: "answer"; readonly at: number; readonly answer: Answer }
  /** That request and all that follow it, until the run has ended. */
  | { readonly kind: "outage"; readonly at: number; readonly answer: Answer }
  /** SIGKILL, before or after the request is acted on. */
  | { readonly kind: "kill"; readonly at: number; readonly when: "before" | "after" }
  /** A second run from its beginning to its end, while the first one waits for its answer. */
  | { readonly kind: "second"; readonly at: number }
  /** Two runs from the same moment on, whose requests are let through in an order drawn from the seed. */
  | { readonly kind: "race"; readonly seed: number }
  | { readonly kind: "person"; readonly at: number; readonly edit: Edit }
  /** The public keys of all scopes are replaced. */
  | { readonly kind: "keys"; readonly at: number };

/** Time passes this fast where the run has waits to sit out; elsewhere a busy machine would make it look late. */
const QUICK = 30;

export function speedOf({ kind }: Disturbance): number {
  return kind === "answer" || kind === "outage" ? QUICK : 1;
}

/** What a disturbance acts on. `first`: the run that it strikes. */
export type Stage = {
  readonly world: World;
  first(): Promise<ActionProcess>;
  second(): Promise<ActionProcess>;
};

/** The faults that make it happen, to be added before the first run is started. */
export function faultsOf(disturbance: Disturbance, { world, first, second }: Stage): Fault[] {
  switch (disturbance.kind) {
    case "calm":
      return [];
    case "answer":
      return [{ match: { index: disturbance.at }, action: ANSWERS[disturbance.answer] }];
    case "outage":
      return Array.from({ length: LONGEST_OUTAGE }, (_, further) => {
        return { match: { index: disturbance.at + further }, action: ANSWERS[disturbance.answer] };
      });
    case "kill":
      return [{ match: { index: disturbance.at }, action: killing(disturbance.when, first) }];
    case "second": {
      const before = async () => void (await (await second()).result);
      return [{ match: { index: disturbance.at }, action: { kind: "call", before } }];
    }
    case "race":
      return [
        {
          match: {},
          times: Number.POSITIVE_INFINITY,
          action: { kind: "call", before: createGate(disturbance.seed) },
        },
      ];
    case "person":
      return [
        {
          match: { index: disturbance.at },
          action: { kind: "call", before: () => commitEdit(world, disturbance.edit) },
        },
      ];
    case "keys":
      return [
        {
          match: { index: disturbance.at },
          action: { kind: "call", before: () => replaceKeys(world) },
        },
      ];
  }
}

function killing(when: "before" | "after", first: () => Promise<ActionProcess>): FaultAction {
  const kill = async () => (await first()).kill();
  if (when === "after") return { kind: "call", after: kill };
  return {
    kind: "call",
    async before() {
      await kill();
      throw new Error("the caller is dead, and its request is not acted on");
    },
  };
}

function replaceKeys({ github }: World): void {
  for (const name of github.repositories) github.repository(name).rotateKey();
}

/** More requests than a run makes, its retries included. */
const LONGEST_OUTAGE = 200;

const EDITED_LENGTH = 44;
const EDITED_HOURS = INTERVAL_HOURS / 2;
const NOTE = "written by a person";

function commitEdit(world: World, edit: Edit): void {
  const repository = world.github.repository(HOME);
  if (edit === "other-file") {
    repository.commit({ "NOTES.md": NOTE }, "Note something");
    return;
  }
  const record = JSON.parse(repository.file(RECORD) ?? "");
  record["x-note"] = NOTE;
  if (edit === "rule") record.rules.API_KEY.interval_hours = EDITED_HOURS;
  else record.tokens.API_KEY.length = EDITED_LENGTH;
  repository.commit({ [RECORD]: `${JSON.stringify(record, null, 2)}\n` }, "Change the record");
}

/** Whether what a person wrote is still there at the end. */
export function editSurvived(world: World, edit: Edit): boolean {
  const repository = world.github.repository(HOME);
  if (edit === "other-file") return repository.file("NOTES.md") === NOTE;
  const record = JSON.parse(repository.file(RECORD) ?? "");
  if (record["x-note"] !== NOTE) return false;
  return edit === "rule"
    ? record.rules.API_KEY.interval_hours === EDITED_HOURS
    : record.tokens.API_KEY.length === EDITED_LENGTH;
}

/** How long a lone request waits for another one to be drawn against, in milliseconds. */
const ALONE_MS = 40;

/** Holds each request until another one stands beside it, or for a while, and lets one of them through at random. */
function createGate(seed: number): () => Promise<void> {
  const random = seeded(seed);
  const held: (() => void)[] = [];
  return () =>
    new Promise((resolve) => {
      const pass = () => {
        clearTimeout(timer);
        held.splice(held.indexOf(pass), 1);
        resolve();
      };
      const timer = setTimeout(pass, ALONE_MS);
      held.push(pass);
      if (held.length > 1) held[Math.floor(random() * held.length)]?.();
    });
}

/** mulberry32: the same numbers for the same seed. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
