// The selection of tokens for a run: pure.

import { toInstant } from "../base/instant.ts";
import { requireDeclared } from "../config/edit.ts";
import { digest } from "../credentials/fingerprint.ts";
import type { TokenConfig, TokenState } from "../model/schema.ts";
import { type Home, liveGeneration, resolveToken, type Token, tokenState } from "../model/token.ts";
import { expandWorkflow } from "../model/workflow.ts";
import { issuerMissing } from "../plan/condition.ts";
import { plan } from "../plan/plan.ts";
import { manualOf } from "../plan/waiting.ts";
import { leaseEnd } from "../rotation/lease.ts";
import { remaining, requirePending } from "../rotation/state.ts";
import { type RunTarget, suppliedValue } from "./request.ts";
import type { Selected } from "./token-run.ts";

export type Selection = {
  readonly selected: readonly Selected[];
  readonly skipped: readonly {
    readonly token_name: string;
    readonly reason: string;
    readonly state: TokenState;
  }[];
  /** Workflows whose run this is: their `last_run_at` moves. */
  readonly workflows: readonly string[];
  /** Workflows that are new to the record: their `first_seen_at` is set. */
  readonly unseen: readonly string[];
  /** Tokens that are no longer declared and still have something pending. */
  readonly removed: readonly string[];
};

type SelectOptions = {
  readonly home: Home;
  readonly now: Date;
  /** Tokens that this run sees adrift: the record does not say so yet. */
  readonly adrift?: ReadonlySet<string>;
};

type Candidate = { readonly token_name: string; readonly reason: string };

/** Throws `Misconfigured` (`token-missing`, `workflow-missing`) for names that the config does not hold. */
export function select(config: TokenConfig, wanted: RunTarget, options: SelectOptions): Selection {
  if (wanted.kind === "tokens") {
    const names = [...new Set(wanted.names)];
    requireDeclared(config, names);
    const candidates = names.map((token_name) => ({ token_name, reason: "asked for" }));
    return {
      ...takeUp(config, candidates, { ...options, supplied: suppliedValue({ wanted }) !== null }),
      workflows: [],
      unseen: [],
      removed: [],
    };
  }
  if (wanted.kind === "resume") {
    const names = [...new Set(wanted.names)];
    requireDeclared(config, names);
    requirePending(config, names);
    const candidates = names.map((token_name) => ({ token_name, reason: "resumed by a person" }));
    return { ...takeUp(config, candidates, options), workflows: [], unseen: [], removed: [] };
  }
  if (wanted.kind === "workflow") {
    const { tokens } = expandWorkflow(config, wanted.name);
    const held = tokens.flatMap((token_name) => heldFromWorkflow(config, token_name, options));
    const names = new Set(held.map(({ token_name }) => token_name));
    const candidates = tokens
      .filter((name) => !names.has(name))
      .map((token_name) => ({ token_name, reason: `workflow ${wanted.name} was asked for` }));
    const taken = takeUp(config, candidates, options);
    return {
      selected: taken.selected,
      skipped: [...taken.skipped, ...held],
      workflows: [wanted.name],
      unseen: [],
      removed: [],
    };
  }
  const planned = plan(config, options.home, options.now);
  const adrift = planned.due.filter(({ token_name }) => options.adrift?.has(token_name));
  const taken = takeUp(
    config,
    planned.due.filter((due) => !adrift.includes(due)),
    options,
  );
  const blocked = [
    ...planned.skipped,
    ...adrift.map(({ token_name }) => ({ token_name, reason: ADRIFT })),
  ];
  const held = blocked.map(({ token_name, reason }) => ({
    token_name,
    reason,
    state: tokenState(config, token_name),
  }));
  return {
    selected: taken.selected,
    skipped: [...taken.skipped, ...held],
    workflows: planned.workflows
      .filter((workflow) => workflow.due)
      .map((workflow) => workflow.workflow_name),
    unseen: planned.unseen_workflows,
    removed: removedOf(config, options.now),
  };
}

function removedOf(config: TokenConfig, now: Date): Selection["removed"] {
  return Object.entries(config.state?.tokens ?? {}).flatMap(([token_name, state]) => {
    const isDeclared = Object.hasOwn(config.tokens ?? {}, token_name);
    return isDeclared || state.pending === null || leaseEnd(state, now.getTime()) !== null
      ? []
      : [token_name];
  });
}

/** The reason why no schedule touches a token that drifted. */
const ADRIFT = "it drifted: rotate it by name to overwrite the value that is there";

/** The reason why a workflow skips the token, if only a rotation by name may touch it: it drifted, or a person makes its value. */
function heldFromWorkflow(
  config: TokenConfig,
  token_name: string,
  { home, adrift }: SelectOptions,
): Selection["skipped"] {
  const state = tokenState(config, token_name);
  const token = resolveToken(config, token_name, home);
  if (token !== null && manualOf(token) !== null && !state.pending?.boxes) {
    return [
      { token_name, reason: issuerMissing(token, state) ?? "a person makes its value", state },
    ];
  }
  return state.drift || adrift?.has(token_name) ? [{ token_name, reason: ADRIFT, state }] : [];
}

/** The digest of a token's declaration: a pending credential is useless once it has changed. */
export function declarationDigest(token: Token): string {
  const { name, type, length, prefix, includeSpecial, placements } = token;
  // A person's steps do not affect the value. Options of the other issuers do.
  const issuer =
    token.issuer === "manual" || Object.keys(token.issuing).length === 1
      ? token.issuer
      : token.issuing;
  return digest(
    JSON.stringify([
      name,
      type,
      length,
      prefix,
      includeSpecial,
      issuer,
      placements.map((placement) => [placement.id, placement.field]),
    ]),
  );
}

function takeUp(
  config: TokenConfig,
  candidates: readonly Candidate[],
  options: SelectOptions & { readonly supplied?: boolean },
): Pick<Selection, "selected" | "skipped"> {
  const selected: Selected[] = [];
  const skipped: Selection["skipped"][number][] = [];
  for (const { token_name, reason } of candidates) {
    const token = resolveToken(config, token_name, options.home);
    if (token === null) continue;
    const state = tokenState(config, token_name);
    const how = !options.supplied && canResume(token, state) ? "resume" : "issue";
    const holder = how === "issue" ? leaseHolder(state, options.now) : null;
    if (holder === null) selected.push({ phase: "selected", token, state, reason, how });
    else skipped.push({ token_name, reason: holder, state });
  }
  return { selected, skipped };
}

/**
 * Every run can place journalled boxes, any number of times, without their values. It must not if a later generation
 * is recorded, as after a merge or a revert of commits: an earlier one must not overwrite it.
 */
function canResume(token: Token, state: TokenState): boolean {
  const { pending } = state;
  if (pending !== null && pending.generation <= liveGeneration(state)) return false;
  if (
    pending?.stage !== "sealed" ||
    pending.boxes === null ||
    pending.declaration !== declarationDigest(token)
  )
    return false;
  return remaining(state).every((id) => Object.hasOwn(pending.boxes ?? {}, id));
}

function leaseHolder(state: TokenState, now: Date): string | null {
  const until = leaseEnd(state, now.getTime());
  if (until === null) return null;
  const run = state.pending === null ? "another run" : `run ${state.pending.run_id}`;
  return `${run} is working on it, or died: no other run makes a new value before ${toInstant(until)}`;
}
