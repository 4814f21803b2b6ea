// Declarations made by the program on a person's behalf: pure edits of the config, judged like a person's.

import { Misconfigured } from "../base/errors.ts";
import { seenName } from "../base/showable.ts";
import { nearest } from "../model/names.ts";
import { ALL_TOKENS, type Rule, type TokenConfig, type Workflow } from "../model/schema.ts";
import type { Home } from "../model/token.ts";
import { validateConfig } from "./parse.ts";

/** The config with each of the names declared that is not yet; unchanged where all are. */
export function declareTokens(config: TokenConfig, names: readonly string[]): TokenConfig {
  const missing = names.filter((name) => !Object.hasOwn(config.tokens ?? {}, name));
  if (missing.length === 0) return config;
  return {
    ...config,
    tokens: { ...config.tokens, ...Object.fromEntries(missing.map((name) => [name, {}])) },
  };
}

/** The config with that rule, in place of any that the token had. */
export function declareRule(config: TokenConfig, name: string, rule: Rule): TokenConfig {
  const before = Object.hasOwn(config.rules ?? {}, name) ? config.rules?.[name] : undefined;
  return { ...config, rules: { ...config.rules, [name]: { ...before, ...rule } } };
}

/** The config with that workflow, seen for the first time now where it is new. */
export function declareWorkflow(
  config: TokenConfig,
  name: string,
  workflow: Workflow,
  now: Date,
): TokenConfig {
  const seen = {
    [name]: { first_seen_at: now.toISOString(), last_run_at: null },
    ...config.state?.workflows,
  };
  return {
    ...config,
    workflows: { ...config.workflows, [name]: workflow },
    state: { ...config.state, workflows: seen },
  };
}

/** Throws `Misconfigured` (`token-missing`) naming every undeclared name, each with its nearest declared one. */
export function requireDeclared(config: TokenConfig, names: readonly string[]): void {
  const declared = Object.keys(config.tokens ?? {});
  const missing = names.filter((name) => !Object.hasOwn(config.tokens ?? {}, name));
  if (missing.length === 0) return;
  const problems = missing.map((name) => {
    const near = nearest(name, declared);
    return {
      code: "token-missing",
      pointer: "/tokens",
      position: null,
      message: `the token ${seenName(name)} is not declared`,
      hint: hintFor(name, near),
    };
  });
  throw new Misconfigured(problems.map((problem) => problem.message).join("; "), {
    code: "token-missing",
    problems,
    hint: problems.map((problem) => problem.hint).join(" "),
  });
}

function hintFor(name: string, near: readonly string[]): string {
  if (name === ALL_TOKENS)
    return "To rotate every token at once, run a workflow whose tokens are ALL_TOKENS.";
  return near.length > 0 ? `Did you mean ${near.join(", ")}?` : "Declare it under tokens.";
}

/** Throws `Misconfigured` (`config-invalid`) if an edit would leave a config that cannot be loaded again. */
export function requireValid(config: TokenConfig, home: Home): TokenConfig {
  const problems = validateConfig(config, home);
  const [first] = problems;
  if (first === undefined) return config;
  throw new Misconfigured(problems.map((problem) => problem.message).join("; "), {
    code: first.code,
    problems,
    hint: first.hint ?? undefined,
  });
}
