// The idempotency key of a repeated request, from its header, or from its body for clients that cannot set headers.

import { Secret } from "../../core/base/secret.ts";
import { fingerprint } from "../../core/credentials/fingerprint.ts";
import type { RequestMark } from "../../core/model/schema.ts";
import { markOf } from "../../core/record/request-mark.ts";
import { HttpProblem } from "../problem/problem.ts";

const HEADER = "idempotency-key";
export const MAX_KEY_LENGTH = 255;

/** The field of a body that holds the key. */
const FIELD = "idempotency_key";

/** Fields that change the reply, not the work. */
const OF_THE_REPLY = ["limit", "reveal"];

/** The caller, and the request. */
type Asked = {
  readonly callerId: string;
  readonly path: string;
  readonly input: unknown;
  readonly fingerprintKey: Secret | null;
};

/**
 * The mark of a request that came with a key; null for one without.
 * A value in it counts only if a fingerprint key is configured, since the record keeps a digest of the request.
 * @throws `HttpProblem` 400 for a malformed key, or for two keys that differ
 */
export function markOfRequest(
  request: Request,
  { callerId, path, input, fingerprintKey }: Asked,
): RequestMark | null {
  const { [FIELD]: inBody, ...fields }: Record<string, unknown> = Object(input);
  const inHeader = headerKey(request);
  if (inHeader !== null && inBody !== undefined && inHeader !== inBody) {
    throw new HttpProblem(400, "the idempotency keys of the header and of the body differ", {
      code: "idempotency-key-twice",
      hint: "Give one of them. Nothing was done.",
    });
  }
  const key = inHeader ?? inBody;
  if (typeof key !== "string") return null;
  const told = Object.entries(fields)
    .filter(([name]) => !OF_THE_REPLY.includes(name))
    .map(([name, value]) => [
      name,
      value instanceof Secret ? withoutValue(value, fingerprintKey) : value,
    ]);
  return markOf({ caller: callerId, key, body: { path, ...Object.fromEntries(told) } });
}

function withoutValue(value: Secret, key: Secret | null): string {
  return fingerprint(value, { entropyBits: null, key }) ?? "given";
}

/** As it is, or between quotes as in draft-ietf-httpapi-idempotency-key-header. */
function headerKey(request: Request): string | null {
  const text = request.headers.get(HEADER);
  if (text === null) return null;
  const key = /^"(.*)"$/.exec(text)?.[1] ?? text;
  if (/^[\x21-\x7e]+$/.test(key) && key.length <= MAX_KEY_LENGTH) return key;
  throw new HttpProblem(
    400,
    `the idempotency key must be 1 to ${MAX_KEY_LENGTH} visible ASCII characters`,
    {
      code: "idempotency-key-invalid",
      hint: "A UUID is a good one. Nothing was done.",
    },
  );
}
