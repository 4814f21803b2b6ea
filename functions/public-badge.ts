// GET /badge.svg: how all tokens stand in one word, for a README; only where whoever runs the service says so.
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
    "How all tokens stand, in one word and without a key; only where TOKEN_AUTOMATION_PUBLIC_BADGE is 1",
  scope: null,
  input: z.strictObject({}),
  async handle({ overall }) {
    if (overall === null) {
      throw new HttpProblem(404, "this service has no public badge", {
        code: "badge-private",
        hint: "Whoever runs it can set TOKEN_AUTOMATION_PUBLIC_BADGE=1. GET /tokens/badge.svg is for callers with a key.",
      });
    }
    const status = await overall();
    return documentResponse({
      type: "image/svg+xml",
      body: overallBadge(status === "unread" ? "unknown" : status),
      headers: {
        // What is not known yet is asked again at once; it costs nothing.
        "cache-control":
          status === "unread" ? "no-store" : `public, max-age=${OVERALL_KEPT_MS / 1000}`,
        // Pages of other sites that isolate themselves show it too.
        "cross-origin-resource-policy": "cross-origin",
      },
    });
  },
});
