// The report of a run, sent to a URL of the user's as one signed JSON POST.
import { createHmac } from "node:crypto";
import { Misconfigured, Unchanged } from "../../core/base/errors.ts";
import type { Secret } from "../../core/base/secret.ts";
import type { Notifier, Reminders } from "../../core/ports/notifier.ts";

/** The header that carries `sha256=<hex>`: HMAC-SHA-256 (RFC 2104) of the body under the shared secret. */
export const SIGNATURE_HEADER = "x-token-automation-signature";
/** Attempts per notification. A receiver that is down for longer misses it, and the report says so. */
const ATTEMPTS = 3;
/** The wait before the second attempt, in milliseconds. It doubles. */
const RETRY_BASE_MS = 500;
/** How long one attempt may take, in milliseconds. */
const TIMEOUT_MS = 10_000;

export type WebhookOptions = {
  readonly url: Secret;
  /** Null means unsigned. */
  readonly secret: Secret | null;
  readonly fetch?: typeof fetch;
  readonly wait?: (milliseconds: number) => Promise<void>;
};

/**
 * A notifier that posts the report. The URL often holds a key of its own (chat services), so it is a
 * secret, and errors name only its host. Throws `Misconfigured` for a URL that is not
 * http(s). `notify` throws `Unchanged` if every attempt failed.
 */
export function webhookNotifier(options: WebhookOptions): Notifier {
  const deliver = poster(options);
  return { notify: (report) => deliver(report, "the report") };
}

/** Reminders by the same POST: `{"kind": "reminder", "reminder": {…}}`. Closing does nothing, since a message cannot be taken back. */
export function webhookReminders(options: WebhookOptions): Reminders {
  const deliver = poster(options);
  return {
    open: (reminder) => deliver({ kind: "reminder", reminder }, "the reminder"),
    close: async () => undefined,
  };
}

function poster(options: WebhookOptions): (payload: unknown, what: string) => Promise<void> {
  const url = parseUrl(options.url);
  const send = options.fetch ?? fetch;
  const wait =
    options.wait ?? ((milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)));
  return async (payload, what) => {
    const body = JSON.stringify(payload);
    const headers = new Headers({
      "content-type": "application/json",
      "user-agent": "token-automation",
    });
    if (options.secret !== null) headers.set(SIGNATURE_HEADER, sign(body, options.secret));
    let seen = "";
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (attempt > 0) await wait(RETRY_BASE_MS * 2 ** (attempt - 1));
      seen = await post(send, url, { body, headers });
      if (seen === "") return;
    }
    throw new Unchanged(`the webhook at ${url.host} did not accept ${what}: ${seen}`, {
      code: "webhook-failed",
      hint: "The run itself is not affected. Check that the receiver is up and answers 2xx.",
    });
  };
}

/** The signature header's value: `sha256=<hex>`. */
export function sign(body: string, secret: Secret): string {
  return `sha256=${createHmac("sha256", secret.reveal()).update(body, "utf8").digest("hex")}`;
}

/** Empty if the receiver accepted it, else the reason. */
async function post(
  send: typeof fetch,
  url: URL,
  { body, headers }: { body: string; headers: Headers },
): Promise<string> {
  try {
    const response = await send(url, {
      method: "POST",
      body,
      headers,
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await response.body?.cancel();
    return response.ok ? "" : `it answered ${response.status}`;
  } catch (error) {
    return error instanceof Error && error.name === "TimeoutError"
      ? `no answer within ${TIMEOUT_MS / 1000} s`
      : "the connection failed";
  }
}

function parseUrl(secret: Secret): URL {
  const url = URL.parse(secret.reveal());
  if (url !== null && (url.protocol === "https:" || url.protocol === "http:")) return url;
  throw new Misconfigured("the webhook's URL is not an http(s) URL", {
    code: "webhook-url",
    hint: "Give notify-webhook a whole URL: https://…",
  });
}
