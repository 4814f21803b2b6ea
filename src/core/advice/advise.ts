// The suggestions with what a language model makes of them; without one they stand as they are.

import { describeError } from "../base/errors.ts";
import { health } from "../health/health.ts";
import type { Suggestions } from "../health/shapes.ts";
import { suggest } from "../health/suggest.ts";
import type { HistoryEntry, TokenConfig } from "../model/schema.ts";
import type { Home } from "../model/token.ts";
import type { Advice } from "./advice.ts";
import type { Advisor } from "./question.ts";

export type AdviceOptions = {
  readonly home: Home;
  readonly clock: () => Date;
  /** Null where no language model is configured. */
  readonly advisor: () => Promise<Advisor | null>;
};

/** @param history as `suggest` takes it. Throws as `suggest`; a model that fails is told of, never thrown. */
export async function suggestWithAdvice(
  config: TokenConfig,
  { home, clock, advisor }: AdviceOptions,
  history: readonly HistoryEntry[] = [],
): Promise<Suggestions & { readonly ai: Advice }> {
  const now = clock();
  const suggestions = suggest(config, home, now, history);
  const { adviceQuestion } = await import("./question.ts");
  const { readAdvice, unavailable } = await import("./answer.ts");
  try {
    const found = await advisor();
    if (found === null)
      return { ...suggestions, ai: unavailable(suggestions, "no language model is configured") };
    const question = adviceQuestion(config, {
      home,
      now,
      health: health(config, home, now),
      suggestions,
    });
    return {
      ...suggestions,
      ai: readAdvice(await found.advise(question), { config, home, suggestions }),
    };
  } catch (error) {
    return { ...suggestions, ai: unavailable(suggestions, describeError(error).message) };
  }
}
