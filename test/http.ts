// Calls routes as a host does, Request in and whole Response out, and keeps what they said to look for values in it.
import type { Edge } from "../src/http/access/edge.ts";
import { createMemory } from "../src/http/access/memory.ts";
import type { Endpoint } from "../src/http/endpoint.ts";

/** A whole response, as plain data. */
export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
};

export type Asked = {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON, with its content type. */
  readonly json?: unknown;
  /** Sent as it is, in place of `json`. */
  readonly raw?: string | Uint8Array | ReadableStream<Uint8Array>;
  readonly query?: string;
};

/** The port that local edges of tests are told they listen on. */
export const TEST_PORT = 5000;

export function requestFor(
  { method, path }: Pick<Endpoint, "method" | "path">,
  asked: Asked = {},
): Request {
  const verb = asked.method ?? method;
  const body = asked.raw ?? (asked.json === undefined ? null : JSON.stringify(asked.json));
  return new Request(`http://localhost:${TEST_PORT}${path}${asked.query ?? ""}`, {
    method: verb,
    headers: {
      host: `localhost:${TEST_PORT}`,
      ...(asked.json === undefined ? {} : { "content-type": "application/json" }),
      ...asked.headers,
    },
    ...(body === null
      ? {}
      : { body: body instanceof Uint8Array ? Buffer.from(body) : body, duplex: "half" }),
  });
}

export async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: text === "" ? null : JSON.parse(text),
  };
}

/** Calls routes over one edge; `said` grows by every answer and every line of the log. */
export function caller(edge: Omit<Edge, "complain" | "memory"> & Partial<Pick<Edge, "memory">>) {
  const said: string[] = [];
  const complete: Edge = { memory: createMemory(), ...edge, complain: (line) => said.push(line) };
  return {
    edge: complete,
    said,
    async ask(route: Endpoint, asked: Asked = {}): Promise<Answer> {
      const answer = await answerOf(await route.answer(requestFor(route, asked), complete));
      said.push(JSON.stringify(answer));
      return answer;
    },
  };
}
