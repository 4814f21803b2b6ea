// GitHub's budgets: requests an hour, requests at once, points a minute.
// https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
import type { Token } from "./auth.ts";
import { type Reply, refusal } from "./replies.ts";

export type RateLimitSetup = {
  /** Requests a window and token: (default: 5,000, and 1,000 for a GITHUB_TOKEN) */
  readonly limit?: number;
  /** Seconds until the budget is full again: an hour. */
  readonly windowSeconds?: number;
  /** Requests in flight beyond which the secondary limit refuses: 100. */
  readonly maxConcurrent?: number;
  /** A read costs 1, a write 5: 900. */
  readonly pointsPerMinute?: number;
  /** GitHub answers either: (default: 403) */
  readonly status?: 403 | 429;
  /** Sent with a secondary refusal: 60 seconds. */
  readonly retryAfterSeconds?: number;
};

export type Resource = "core" | "graphql";

/** One token's budget for one resource. `reset` is in seconds since 1970. */
export type Budget = {
  readonly limit: number;
  readonly remaining: number;
  readonly used: number;
  readonly reset: number;
};

/** What a request asks of the budgets. */
export type Charge = {
  readonly token: Token;
  readonly resource: Resource;
  readonly write: boolean;
  readonly inFlight: number;
  readonly now: Date;
};

type Account = { used: number; reset: number };

export type Limits = ReturnType<typeof createLimits>;

/** The headers that every reply carries. */
export function budgetHeaders(budget: Budget, resource: Resource): Record<string, string> {
  return {
    "x-ratelimit-limit": String(budget.limit),
    "x-ratelimit-remaining": String(budget.remaining),
    "x-ratelimit-used": String(budget.used),
    "x-ratelimit-reset": String(budget.reset),
    "x-ratelimit-resource": resource,
  };
}

/** Keeps the budgets of all tokens. */
export function createLimits(setup: RateLimitSetup) {
  const status = setup.status ?? 403;
  const accounts = new Map<string, Account>();
  let minute: { readonly start: number; points: Map<string, number> } = {
    start: 0,
    points: new Map(),
  };

  function accountOf(token: Token, resource: Resource, now: Date): Account {
    const key = `${resource} ${token.token}`;
    const seconds = Math.floor(now.getTime() / 1000);
    const found = accounts.get(key);
    if (found !== undefined && found.reset > seconds) return found;
    const opened = { used: 0, reset: seconds + (setup.windowSeconds ?? 3600) };
    accounts.set(key, opened);
    return opened;
  }

  function budget(token: Token, resource: Resource, now: Date): Budget {
    const limit = setup.limit ?? (token.kind === "github_token" ? 1000 : 5000);
    const { used, reset } = accountOf(token, resource, now);
    return { limit, used, reset, remaining: Math.max(0, limit - used) };
  }

  function secondary(): Reply {
    const message =
      "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. " +
      "For more on scraping GitHub and how it may affect your rights, please review our Terms of Service.";
    return refusal(status, message, { "retry-after": String(setup.retryAfterSeconds ?? 60) }).reply;
  }

  function overPoints({ token, write, now }: Charge): boolean {
    const start = Math.floor(now.getTime() / 60_000);
    if (minute.start !== start) minute = { start, points: new Map() };
    const points = (minute.points.get(token.token) ?? 0) + (write ? 5 : 1);
    minute.points.set(token.token, points);
    return points > (setup.pointsPerMinute ?? 900);
  }

  /** Takes a request from the budgets; gives the reply that refuses it, or null. */
  function charge(asked: Charge): Reply | null {
    const { token, resource, now, inFlight } = asked;
    if (inFlight > (setup.maxConcurrent ?? 100) || overPoints(asked)) return secondary();
    if (budget(token, resource, now).remaining > 0) {
      accountOf(token, resource, now).used += 1;
      return null;
    }
    const message = `API rate limit exceeded for ${token.kind === "pat" ? "user" : "installation"} ID 2.`;
    // GraphQL says it in a 200.
    if (resource === "graphql")
      return { status: 200, body: { errors: [{ type: "RATE_LIMITED", message }] } };
    return refusal(status, message).reply;
  }

  return {
    budget,
    charge,
    /** Gives one request back: a 304 costs nothing. */
    refund: ({ token, resource, now }: Charge) => {
      accountOf(token, resource, now).used -= 1;
    },
  };
}
