// Requests that go wrong on purpose: which ones, and how.
import { operationOf } from "./graphql.ts";
import type { GitHubRequest } from "./routes.ts";

/** Which requests. All that is given must fit. */
type FaultMatch = {
  readonly method?: string;
  /** The whole path, or a pattern for it; without the query, without `/api/v3`. */
  readonly path?: string | RegExp;
  /** Kind of the GraphQL operation, or a pattern for its text. */
  readonly graphql?: "query" | "mutation" | RegExp;
  /** Only the nth request that fits, counted from 1 since the fault was added. */
  readonly nth?: number;
  /** Only the request with this number, counted from 1 since the start or the last reset. */
  readonly index?: number;
};

/** What a callback is told. */
export type FaultContext = {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly index: number;
};

export type FaultAction =
  /** Answer this instead of acting. */
  | {
      readonly kind: "status";
      readonly status: number;
      readonly body?: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Cut the connection, nothing done. */
  | { readonly kind: "cut" }
  /** Act, then cut: applied, the reply lost. */
  | { readonly kind: "apply-then-cut" }
  /** Never answer; nothing done. */
  | { readonly kind: "hang" }
  /** Act after this many milliseconds. */
  | { readonly kind: "delay"; readonly ms: number }
  /** Act, send half of the reply's body, cut. */
  | { readonly kind: "half" }
  /** Act as usual, with something in between: another run, a person's commit, a signal. */
  | {
      readonly kind: "call";
      readonly before?: (context: FaultContext) => void | Promise<void>;
      readonly after?: (context: FaultContext) => void | Promise<void>;
    };

export type Fault = {
  readonly match: FaultMatch;
  /** The number of requests that it hits (default: 1; `Infinity`: every one) */
  readonly times?: number;
  readonly action: FaultAction;
};

function fits(match: FaultMatch, request: GitHubRequest, index: number): boolean {
  if (match.method !== undefined && match.method.toUpperCase() !== request.method) return false;
  if (typeof match.path === "string" && match.path !== request.path) return false;
  if (match.path instanceof RegExp && !match.path.test(request.path)) return false;
  if (match.index !== undefined && match.index !== index) return false;
  if (match.graphql === undefined) return true;
  const operation = operationOf(request);
  if (operation === null) return false;
  return match.graphql instanceof RegExp
    ? match.graphql.test(operation.text)
    : match.graphql === operation.kind;
}

/** The faults waiting to happen, in the order they were added; one request meets at most one. */
export function createFaults() {
  let waiting: { readonly fault: Fault; seen: number; left: number }[] = [];

  /** The action for this request, or null. Every waiting fault counts the request. */
  function take(request: GitHubRequest, index: number): FaultAction | null {
    let taken: FaultAction | null = null;
    for (const entry of waiting) {
      if (entry.left <= 0 || !fits(entry.fault.match, request, index)) continue;
      entry.seen += 1;
      const { nth } = entry.fault.match;
      if (taken !== null || (nth !== undefined && nth !== entry.seen)) continue;
      entry.left -= 1;
      taken = entry.fault.action;
    }
    return taken;
  }

  return {
    take,
    add(fault: Fault): void {
      waiting.push({ fault, seen: 0, left: fault.times ?? 1 });
    },
    clear(): void {
      waiting = [];
    },
    /** How many faults have not happened yet: a test that expects 0 knows that its fault was met. */
    get pending(): number {
      return waiting.filter(({ left }) => left > 0).length;
    },
  };
}
