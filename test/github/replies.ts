// The server's replies, and GitHub's error bodies as things to throw.
import type { paths } from "@octokit/openapi-types";

/** The JSON body of one documented reply: `Body<"/user", "get", 200>`. */
export type Body<
  P extends keyof paths,
  M extends keyof paths[P],
  S extends number,
> = paths[P][M] extends { responses: infer R }
  ? S extends keyof R
    ? R[S] extends { content: infer C }
      ? C[keyof C]
      : never
    : never
  : never;

/** One reply. A `Buffer` goes out as it is, anything else as JSON, null as no body. */
export type Reply = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
};

/** A reply that refuses, thrown from wherever the refusal is found. */
export class Refusal extends Error {
  readonly reply: Reply;

  constructor(reply: Reply, message: string) {
    super(message);
    this.name = "Refusal";
    this.reply = reply;
  }
}

/** GitHub's JSON error. */
export function refusal(
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Refusal {
  const body = {
    message,
    documentation_url: "https://docs.github.com/rest",
    status: String(status),
  };
  return new Refusal({ status, headers, body }, message);
}

export const notFound = (message = "Not Found"): Refusal => refusal(404, message);
export const validationFailed = (message: string): Refusal => refusal(422, message);

/** A 200 (or other) reply with a JSON body of the documented shape. */
export function json<T>(
  body: T,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return { status, headers, body };
}
