// A model's proposals as commands. Each command does exactly its proposal.
import pc from "picocolors";
import { expect, test } from "vitest";
import { readAdvice } from "../../core/advice/answer.ts";
import type { TokenConfig } from "../../core/model/schema.ts";
import { adviceText } from "./advice.ts";

test("a proposed interval's command leaves the rest of the rule as it is", () => {
  const config: TokenConfig = {
    version: 1,
    tokens: { ALPHA: {}, BETA: {} },
    rules: { ALPHA: { interval_hours: 24, auto_rotate: false, notify: false } },
  };
  const suggestions = { suggestions: [], actions: [] };
  const schedules = ["ALPHA", "BETA"].map((token_name) => ({ token_name, interval_hours: 12 }));
  const answer = JSON.stringify({ explanation: "", order: [], audit: "", schedules });
  const ai = readAdvice(answer, { config, home: { kind: "local", repository: null }, suggestions });
  const text = adviceText({ ...suggestions, ai }, pc.createColors(false));
  const commands = text
    .split("\n")
    .flatMap((line) => /token-automation .*/.exec(line)?.[0].trim() ?? []);
  expect(commands).toEqual([
    "token-automation setup-rule ALPHA 12 --no-auto-rotate --no-notify",
    "token-automation setup-rule BETA 12",
  ]);
});
