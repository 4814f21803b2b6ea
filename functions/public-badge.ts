// GET /badge.svg: the health of all tokens in one word, for a README. Only if the host allows it.
import * as z from "zod";
import { OVERALL_KEPT_MS } from "../src/http/access/overall.ts";
import { overallBadge } from "../src/http/badge.ts";
import { documentResponse } from "../src/http/document.ts";
import { endpoint } from "../src/http/endpoint.ts";
import { HttpProblem } from "../src/http/problem/problem.ts";

export const config = { path: "/badge.svg" };

export default endpoint({
  method: "GET",
  path: config.path,
  summary:
    "The health of all tokens in one word, without a key. Only if TOKEN_AUTOMATION_PUBLIC_BADGE is 1",
  scope: null,
  input: z.strictObject({}),
  async handle({ overall }) {
    if (overall === null) {
      throw new HttpProblem(404, "this service has no public badge", {
        code: "badge-private",
        hint: "The operator of the service can set TOKEN_AUTOMATION_PUBLIC_BADGE=1. GET /tokens/badge.svg is for callers with a key.",
      });
    }
    const status = await overall();
    return documentResponse({
      type: "image/svg+xml",
      body: overallBadge(status === "unread" ? "unknown" : status),
      headers: {
        // An unknown state is asked for again at once, which costs nothing.
        "cache-control":
          status === "unread" ? "no-store" : `public, max-age=${OVERALL_KEPT_MS / 1000}`,
        // Pages of other sites that isolate themselves show it too.
        "cross-origin-resource-policy": "cross-origin",
      },
    });
  },
});
