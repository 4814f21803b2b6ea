// One answer for identical requests that wait at the same time, so that many readers cost as little as one.
import type { IncomingMessage, ServerResponse } from "node:http";

/** An answer with all its bytes, to be written as often as needed. */
type Whole = {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: string;
};

export type SharedAnswers = {
  /** Answers a request later. Returns false for a request that it does not share. */
  take(incoming: IncomingMessage, outgoing: ServerResponse): boolean;
};

/**
 * Shares answers of GETs without a body. A request never gets an answer that was begun before it arrived. It waits for the
 * next answer instead, so no answer is older than its request.
 * @param hosts the values of a `Host` header that name this server; a request for another host is not shared
 * @param answer never rejects
 */
export function shareAnswers(
  hosts: readonly string[],
  answer: (request: Request) => Promise<Response>,
): SharedAnswers {
  const waiting = new Map<string, ServerResponse[]>();

  async function answerAll(key: string, ask: () => Request): Promise<void> {
    for (;;) {
      // Requests that the same turn of the event loop still reads may join.
      await new Promise(setImmediate);
      const asked = waiting.get(key) ?? [];
      if (asked.length === 0) break;
      waiting.set(key, []);
      const whole = await readWhole(await answer(ask()));
      for (const outgoing of asked) send(outgoing, whole);
    }
    waiting.delete(key);
  }

  return {
    take(incoming, outgoing) {
      const { method, url = "", headers, rawHeaders } = incoming;
      const { host = "" } = headers;
      if (method !== "GET" || !url.startsWith("/") || !hosts.includes(host)) return false;
      if (headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined)
        return false;
      const key = `${url}\n${rawHeaders.join("\n")}`;
      const group = waiting.get(key);
      if (group !== undefined) {
        group.push(outgoing);
        return true;
      }
      waiting.set(key, [outgoing]);
      const pairs = rawHeaders.flatMap((name, at): [string, string][] =>
        at % 2 === 0 ? [[name, rawHeaders[at + 1] ?? ""]] : [],
      );
      void answerAll(key, () => new Request(`http://${host}${url}`, { headers: pairs }));
      return true;
    },
  };
}

async function readWhole(response: Response): Promise<Whole> {
  const body = await response.text();
  const length = String(Buffer.byteLength(body));
  // As text, Node writes it together with the headers in one write.
  return {
    status: response.status,
    headers: [...response.headers].flat().concat("content-length", length),
    body,
  };
}

function send(outgoing: ServerResponse, { status, headers, body }: Whole): void {
  // A caller that hung up meanwhile gets no answer.
  if (!outgoing.destroyed) outgoing.writeHead(status, [...headers]).end(body);
}
