// One request of an issuer to a service and its reply: bounded in time and size, without redirects, and no error that shows what was sent.

import { limitedText } from "../../core/base/bounded-body.ts";
import { Misconfigured, Uncertain, Unchanged } from "../../core/base/errors.ts";
import { whyNotThere } from "../../core/config/template.ts";
import { errorCode } from "../local/atomic-file.ts";

export type Outgoing = {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: string | null;
  /** Whether it may change something at the service, so that its outcome is unknown if no answer comes. */
  readonly changes: boolean;
};

export type ServiceReply = {
  readonly status: number;
  readonly text: string;
  /** Parsed JSON. Undefined if the reply is not JSON. */
  readonly body: unknown;
  /** In milliseconds. Null if the service named no wait. */
  readonly retryAfterMs: number | null;
};

type ExchangeOptions = {
  readonly fetch: typeof fetch;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | null;
  readonly allowHttp: boolean;
};

/** The most bytes of a reply, enough for a page of a list. */
const MAX_REPLY_BYTES = 1024 * 1024;
/** Errors after which nothing has reached the service. */
const NOT_SENT = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
  "CERT_HAS_EXPIRED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "ERR_TLS_CERT_ALTNAME_INVALID",
]);

/** Sends it. Throws `Unchanged` if nothing can have happened, `Uncertain` if something may have. The caller judges statuses. */
export async function exchange(
  request: Outgoing,
  { fetch: send, timeoutMs, signal, allowHttp }: ExchangeOptions,
): Promise<ServiceReply> {
  const why = whyNotThere(request.url, allowHttp);
  if (why !== null)
    throw new Misconfigured(`the URL of an issuer's request ${why}`, {
      code: "bad-url",
      hint: "Correct the declaration.",
    });
  if (signal?.aborted)
    throw new Unchanged("the request was not sent, because the run's time was over", {
      code: "http-failed",
      hint: RETRIED,
    });
  const deadline = AbortSignal.timeout(timeoutMs);
  try {
    const { method, url, headers, body } = request;
    const stop = signal === null ? deadline : AbortSignal.any([deadline, signal]);
    // A redirect would take the headers' secrets to an address that the declaration does not name.
    const response = await send(url, {
      method,
      headers,
      body,
      redirect: "manual",
      signal: stop,
      cache: "no-store",
    });
    const text = await limitedText(response, MAX_REPLY_BYTES);
    if (text === null)
      throw Object.assign(new Error("the reply is too large"), { code: "REPLY_TOO_LARGE" });
    return {
      status: response.status,
      text,
      body: parse(text),
      retryAfterMs: retryAfter(response.headers.get("retry-after")),
    };
  } catch (error) {
    const late = deadline.aborted || signal?.aborted === true;
    throw failed(
      request,
      late ? "no answer came in time" : `the connection failed (${codeOf(error)})`,
      !late && NOT_SENT.has(codeOf(error)),
    );
  }
}

/** The request in words, without its path, query, headers or body. */
export function lineOf({ method, url }: Pick<Outgoing, "method" | "url">): string {
  return `${method} to ${new URL(url).host}`;
}

const RETRIED = "Nothing was changed. The next run tries again.";

/** The error for a request that got no reply. `unsent` means that nothing reached the service. */
export function failed(request: Outgoing, seen: string, unsent = false): Unchanged | Uncertain {
  const message = `the issuer's ${lineOf(request)}: ${seen}`;
  if (unsent || !request.changes)
    return new Unchanged(message, { code: "http-failed", hint: RETRIED });
  return new Uncertain(message, {
    code: "http-uncertain",
    hint: "It may have been done. The next run looks for a credential with its label, and revokes it.",
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** RFC 9110, 10.2.3: seconds. The usual backoff replaces a date. */
function retryAfter(value: string | null): number | null {
  return value !== null && /^\d{1,6}$/.test(value) ? Number(value) * 1000 : null;
}

function codeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return errorCode(cause);
}
