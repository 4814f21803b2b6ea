// Everything that was asked of the server, in the order of arrival, and how much of it at once.
import type { IncomingMessage } from "node:http";
import type { FaultAction } from "./faults.ts";
import { readTarget } from "./http.ts";

/** One request as it was seen. */
export type RequestLogEntry = {
  /** Counted from 1, in the order of arrival. */
  readonly index: number;
  readonly method: string;
  /** As it was sent, percent-encoded, without the query and without `/api/v3`. */
  readonly path: string;
  readonly query: string;
  /** Requests under way when this one arrived, itself included. */
  readonly inFlight: number;
  /** For a request to /graphql. */
  operation: "query" | "mutation" | null;
  /** The request's body as text: to look for what must not be in it. */
  body: string;
  /** Null while, and where, no whole reply was sent. */
  status: number | null;
  fault: FaultAction["kind"] | null;
};

/** Keeps the log; its array stays the same one, so that a test may hold it. */
export function createRequestLog() {
  const requests: RequestLogEntry[] = [];
  let inFlight = 0;
  let maxInFlight = 0;
  return {
    requests,
    get maxInFlight() {
      return maxInFlight;
    },
    enter(incoming: IncomingMessage): RequestLogEntry {
      inFlight += 1;
      maxInFlight = Math.max(maxInFlight, inFlight);
      const { path, query } = readTarget(incoming);
      const seen = {
        index: requests.length + 1,
        method: incoming.method ?? "GET",
        path,
        query: query.toString(),
        inFlight,
      };
      const entry: RequestLogEntry = {
        ...seen,
        operation: null,
        body: "",
        status: null,
        fault: null,
      };
      requests.push(entry);
      return entry;
    },
    leave(): void {
      inFlight -= 1;
    },
    reset(): void {
      requests.length = 0;
      maxInFlight = inFlight;
    },
  };
}
