// The language model that the environment names. Pure, since edges pass the environment in.
import { Secret } from "../core/base/secret.ts";

/** A language model: the root of an API that speaks OpenAI's chat completions, and the key to it. */
export type AdvisorAccess = { readonly url: string; readonly model: string; readonly key: Secret };

/** GitHub Models, which a workflow's own token may use with the permission `models: read`. */
const GITHUB_MODELS = "https://models.github.ai/inference";
const DEFAULT_MODEL = "openai/gpt-4.1-mini";

/**
 * Reads TOKEN_AUTOMATION_AI_URL, TOKEN_AUTOMATION_AI_MODEL and TOKEN_AUTOMATION_AI_KEY. Without a key of its own, GitHub
 * Models gets GitHub's token. That token goes to no other address.
 * @param githubToken the token that this process works with; null if it has none
 * @returns null if no model may be asked
 */
export function advisorAccess(
  env: Readonly<Record<string, string | undefined>>,
  githubToken: Secret | null,
): AdvisorAccess | null {
  const url = env.TOKEN_AUTOMATION_AI_URL || GITHUB_MODELS;
  const model = env.TOKEN_AUTOMATION_AI_MODEL || DEFAULT_MODEL;
  const key = env.TOKEN_AUTOMATION_AI_KEY
    ? new Secret(env.TOKEN_AUTOMATION_AI_KEY)
    : url === GITHUB_MODELS
      ? githubToken
      : null;
  return key === null ? null : { url, model, key };
}

const ALLOWED: readonly string[] = ["1", "true"];

/** Whether TOKEN_AUTOMATION_ALLOW_COMMANDS allows programs that are refused by default. */
export function programsAllowed(variables: Readonly<Record<string, string | undefined>>): boolean {
  return ALLOWED.includes((variables.TOKEN_AUTOMATION_ALLOW_COMMANDS ?? "").toLowerCase());
}
