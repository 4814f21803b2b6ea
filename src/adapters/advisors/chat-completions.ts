// Advice from a language model behind any endpoint of OpenAI's chat completions: https://docs.github.com/rest/models/inference
import * as z from "zod";
import type { Advisor } from "../../core/advice/question.ts";
import { limitedText } from "../../core/base/bounded-body.ts";
import { Misconfigured, Unchanged } from "../../core/base/errors.ts";
import type { Secret } from "../../core/base/secret.ts";

/** How long a model may take, in milliseconds. The suggestions without it are there at once. */
const TIMEOUT_MS = 20_000;
/** The most bytes that are read of an answer. */
const LONGEST_ANSWER = 256 * 1024;
const ANSWER_TOKENS = 2_000;

export type ChatCompletionsOptions = {
  /** The API's root, to which `/chat/completions` is added. */
  readonly url: string;
  readonly model: string;
  readonly key: Secret;
  readonly fetch?: typeof fetch;
};

const Reply = z.object({
  choices: z.array(z.object({ message: z.object({ content: z.string() }) })).min(1),
});

/** An advisor. Throws `Misconfigured` for a URL that is not https (http for this machine alone); `advise` throws `Unchanged`. */
export function chatCompletionsAdvisor(options: ChatCompletionsOptions): Advisor {
  const url = endpointOf(options.url);
  const send = options.fetch ?? fetch;
  return {
    async advise({ system, data }) {
      const messages = [
        { role: "system", content: system },
        { role: "user", content: data },
      ];
      const body = JSON.stringify({
        model: options.model,
        messages,
        max_tokens: ANSWER_TOKENS,
        response_format: { type: "json_object" },
      });
      const headers = {
        authorization: `Bearer ${options.key.reveal()}`,
        "content-type": "application/json",
        accept: "application/json",
      };
      const request = {
        method: "POST",
        body,
        headers,
        redirect: "error",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      } as const;
      const response = await send(url, request).catch((error: unknown) => {
        throw adviceFailed(
          isTimeout(error)
            ? `gave no answer within ${TIMEOUT_MS / 1000} s`
            : "could not be reached",
        );
      });
      if (!response.ok) {
        await response.body?.cancel();
        throw adviceFailed(`answered ${response.status}`);
      }
      const read = Reply.safeParse(parse(await readLimited(response)));
      const content = read.success ? read.data.choices[0]?.message.content : undefined;
      if (content === undefined)
        throw adviceFailed("answered with something other than a chat completion");
      return content;
    },
  };
}

async function readLimited(response: Response): Promise<string> {
  const text = await limitedText(response, LONGEST_ANSWER).catch((error: unknown) => {
    throw adviceFailed(
      isTimeout(error)
        ? `gave no whole answer within ${TIMEOUT_MS / 1000} s`
        : "broke off its answer",
    );
  });
  if (text === null) throw adviceFailed(`answered more than ${LONGEST_ANSWER / 1024} KB`);
  return text;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === "TimeoutError";
}

/** The error shows neither the address nor the answer, since both may hold a key. */
function adviceFailed(what: string): Unchanged {
  return new Unchanged(`the model ${what}`, {
    code: "advisor-unavailable",
    hint: "The suggestions stand without it. Check TOKEN_AUTOMATION_AI_URL, TOKEN_AUTOMATION_AI_MODEL and the key.",
  });
}

function endpointOf(text: string): URL {
  const url = URL.parse(`${text.replace(/\/+$/, "")}/chat/completions`);
  const isHere = url !== null && ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  if (
    url !== null &&
    url.username === "" &&
    url.password === "" &&
    (url.protocol === "https:" || (isHere && url.protocol === "http:"))
  )
    return url;
  throw new Misconfigured("TOKEN_AUTOMATION_AI_URL is not an https URL without credentials", {
    code: "advisor-url",
    hint: "Give the root of an API that speaks OpenAI's chat completions, as https://models.github.ai/inference.",
  });
}
