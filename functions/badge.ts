// GET /tokens/badge.svg: the health of all tokens in one small picture.
import * as z from "zod";
import { badge } from "../src/http/badge.ts";
import { documentResponse } from "../src/http/document.ts";
import { endpoint } from "../src/http/endpoint.ts";

export const config = { path: "/tokens/badge.svg" };

const MAX_LABEL_LENGTH = 40;
/** The age of a cached badge, in seconds. Pages show many, and ask for them again and again. */
const MAX_AGE_S = 300;

export default endpoint({
  method: "GET",
  path: config.path,
  summary: "The health of all tokens as a badge",
  scope: "read",
  input: z.strictObject({ label: z.string().min(1).max(MAX_LABEL_LENGTH).default("tokens") }),
  async handle({ input, app }) {
    const body = badge(await (await app()).health(), input.label);
    // Private, since a reply that needs a key must not be cached for callers without one (RFC 9111 §3.5).
    return documentResponse({
      type: "image/svg+xml",
      body,
      headers: { "cache-control": `private, max-age=${MAX_AGE_S}` },
    });
  },
});
