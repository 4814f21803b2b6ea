// GET /tokens/suggest: the next steps.
import * as z from "zod";
import { endpoint, ok } from "../src/http/endpoint.ts";
import { flag, page } from "../src/http/input/inputs.ts";
import { advicePage, suggestionsPage } from "../src/http/reply/paging.ts";

export const config = { path: "/tokens/suggest" };

export default endpoint({
  method: "GET",
  path: config.path,
  summary: "What to rotate or set up next, the most urgent first",
  scope: "read",
  input: z.strictObject({
    ...page,
    ai: flag("Whether a language model explains and orders them. They come without it too"),
  }),
  async handle({ input: { ai, ...wanted }, app }) {
    if (ai !== true) return ok(suggestionsPage(await (await app()).suggest(), wanted));
    const advised = await (await app()).suggestWithAdvice();
    return ok(advicePage({ ...suggestionsPage(advised, wanted), ai: advised.ai }, wanted.limit));
  },
});
