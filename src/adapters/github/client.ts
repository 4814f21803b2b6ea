// The one client of GitHub's API: Octokit with bounded waits, bounded retries and a time-out on every request.
import type { Octokit } from "@octokit/rest";
import pLimit from "p-limit";
import { Misconfigured } from "../../core/base/errors.ts";
import type { Secret } from "../../core/base/secret.ts";
import { type Clock, createPause, createWindow, systemClock } from "./pace.ts";

/** Typed by GitHub's OpenAPI description. Errors are Octokit's, so pass them through `toFailure` before they are shown. */
export type GitHubClient = Pick<Octokit, "request" | "graphql">;

/** The reason why a client is about to wait, for progress messages. */
export type Wait = {
  readonly reason: "rate-limit" | "secondary-rate-limit";
  readonly seconds: number;
};

export type GitHubClientOptions = {
  readonly token: Secret;
  /** As in GITHUB_API_URL: `https://api.github.com`, `https://ghe.example/api/v3`. */
  readonly apiUrl: string;
  /** As in GITHUB_GRAPHQL_URL (default: derived from `apiUrl`). */
  readonly graphqlUrl?: string | null | undefined;
  readonly userAgent?: string | undefined;
  /** For proxies. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  readonly onWait?: ((wait: Wait) => void) | undefined;
  /** Further attempts after a 5xx or a network failure. Mutations are sent once. */
  readonly retries?: number | undefined;
  readonly requestTimeoutMs?: number | undefined;
  /** The longest wait ordered by GitHub that is obeyed, in seconds. 0 obeys none. */
  readonly longestWaitS?: number | undefined;
  /** Ends every request. */
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock | undefined;
  /** How long a second of back-off or of an ordered wait lasts, in milliseconds. Tests shorten it. */
  readonly secondMs?: number | undefined;
};

// https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
/** Far below GitHub's 100 concurrent requests. */
const REQUESTS_IN_FLIGHT = 10;
/** "In general, no more than 80 content-generating requests per minute". */
const WRITES_PER_WINDOW = 80;
const WRITE_WINDOW_MS = 60_000;
/** A longer wait costs more than another run, since an Action bills by the minute. */
const LONGEST_WAIT_S = 120;
/** How often a wait that GitHub ordered is obeyed per request. */
const LIMIT_RETRIES = 2;
/** "Otherwise, wait for at least one minute". */
const WAIT_WHERE_UNTOLD_S = 60;
const RETRIES = 3;
const REQUEST_TIMEOUT_MS = 30_000;
/** Every 4xx is an answer, so none is retried. plugin-throttling handles 403 and 429. */
const NOT_RETRIED = Array.from({ length: 100 }, (_, index) => 400 + index);
const USER_AGENT = "token-automation";

/**
 * Makes a client with limits of its own, which it shares with no other. Octokit is loaded here, not at import.
 * @throws `Misconfigured` for a token or a URL that cannot be right.
 */
export async function createGitHubClient(options: GitHubClientOptions): Promise<GitHubClient> {
  const auth = checkToken(options.token);
  const baseUrl = checkUrl(options.apiUrl, "apiUrl");
  const graphqlUrl = checkUrl(options.graphqlUrl ?? graphqlUrlOf(baseUrl), "graphqlUrl");
  const [{ Octokit }, { throttling }, { retry }] = await Promise.all([
    import("@octokit/rest"),
    import("@octokit/plugin-throttling"),
    import("@octokit/plugin-retry"),
  ]);
  const Client = Octokit.plugin(nameLimits, throttling, retry);
  const secondMs = options.secondMs ?? 1000;
  const client = new Client({
    auth,
    baseUrl,
    userAgent: options.userAgent ?? USER_AGENT,
    request: { fetch: boundedFetch(options) },
    // By default Octokit logs URLs and failed requests to the console. Here toFailure reports failures.
    log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    retry: {
      retries: options.retries ?? RETRIES,
      doNotRetry: NOT_RETRIED,
      retryAfterBaseValue: secondMs / 2,
    },
    throttle: throttleOptions(options, secondMs),
  });
  // The baseUrl must be absolute too, since Octokit rewrites one that ends in /api/v3.
  return {
    request: client.request,
    graphql: client.graphql.defaults({ baseUrl: graphqlUrl, url: graphqlUrl }),
  };
}

/**
 * plugin-throttling keeps its groups in a variable of its module, shared by all clients, and lets one write a second
 * through. It only calls `key(id).schedule(options, job, ...args)` on a group, so it gets groups of that shape here.
 * Bottleneck's own would wait for a refill on a timer that does not keep the process alive.
 */
function throttleOptions(options: GitHubClientOptions, secondMs: number): object {
  const { clock = systemClock, onWait = ignore, longestWaitS = LONGEST_WAIT_S } = options;
  const slots = pLimit(REQUESTS_IN_FLIGHT);
  const writes = createWindow(WRITES_PER_WINDOW, WRITE_WINDOW_MS, clock);
  const pause = createPause(longestWaitS * secondMs, clock);
  const limited =
    (reason: Wait["reason"]) =>
    (seconds: number, _options: object, _octokit: object, retryCount: number): boolean => {
      pause.hold(seconds * secondMs);
      if (seconds > longestWaitS || retryCount >= LIMIT_RETRIES) return false;
      onWait({ reason, seconds });
      return true;
    };
  const requests = group(async (job) => {
    await pause.pass();
    return slots(job);
  });
  return {
    global: requests,
    auth: requests,
    search: group((job) => job()),
    notifications: group((job) => job()),
    write: group(async (job) => {
      await writes();
      return job();
    }),
    fallbackSecondaryRateRetryAfter: WAIT_WHERE_UNTOLD_S,
    retryAfterBaseValue: secondMs,
    onRateLimit: limited("rate-limit"),
    onSecondaryRateLimit: limited("secondary-rate-limit"),
  };
}

function group(run: <T>(job: () => Promise<T>) => Promise<T>): object {
  const schedule = <A extends unknown[], T>(
    _options: object,
    job: (...args: A) => Promise<T>,
    ...args: A
  ): Promise<T> => run(() => job(...args));
  return { key: () => ({ schedule }) };
}

/**
 * plugin-throttling knows a secondary limit only by its English message, and takes `retry-after: 0` for none.
 * Any 403 or 429 with `retry-after` is one, under any message.
 */
function nameLimits({ hook }: Pick<Octokit, "hook">): void {
  hook.error("request", (error) => {
    if (!("status" in error) || (error.status !== 403 && error.status !== 429)) throw error;
    const headers = error.response?.headers;
    const after = headers?.["retry-after"];
    if (headers === undefined || (after === undefined && error.status === 403)) throw error;
    if (after !== undefined && Number(after) === 0) headers["retry-after"] = "0.001";
    if (headers["x-ratelimit-remaining"] !== "0") error.message = "secondary rate limit";
    throw error;
  });
}

/** Reads the whole body here, since Octokit takes a cut body for an empty one. */
function boundedFetch(options: GitHubClientOptions): typeof globalThis.fetch {
  const fetch = options.fetch ?? globalThis.fetch;
  const timeoutMs = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
  return async (input, init) => {
    const ends = [options.signal, init?.signal].filter((end) => end !== undefined && end !== null);
    // It needs this name, since Octokit retries a request that ended for any other reason.
    if (ends.some((end) => end.aborted))
      throw new DOMException("the request was cancelled", "AbortError");
    const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...ends]);
    const response = await fetch(input, { ...init, signal });
    const body = await response.arrayBuffer();
    const { status, statusText, headers } = response;
    return new Response(body.byteLength === 0 ? null : body, { status, statusText, headers });
  };
}

/** `https://ghe.example/api/v3` → `https://ghe.example/api/graphql`; otherwise `/graphql` is appended. */
function graphqlUrlOf(apiUrl: string): string {
  return /\/api\/v3$/.test(apiUrl) ? apiUrl.replace(/\/v3$/, "/graphql") : `${apiUrl}/graphql`;
}

function checkUrl(text: string, name: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "")
    return text.replace(/\/+$/, "");
  throw new Misconfigured(
    `the address of GitHub's API (${name}) is not an http or https URL without credentials`,
    {
      code: "api-url-invalid",
      hint: "Give it as GITHUB_API_URL has it: https://api.github.com, or https://HOST/api/v3 for GitHub Enterprise Server.",
    },
  );
}

/** Only visible ASCII can stand in a header. The rest comes from copying and pasting. GitHub may change formats and lengths. */
function checkToken(token: Secret): string {
  const text = token.reveal();
  if (/^[\x21-\x7e]+$/.test(text)) return text;
  const seen =
    text === "" ? "is empty" : "holds a blank, a line break or a character that no token has";
  throw new Misconfigured(`the GitHub token ${seen}`, {
    code: "token-malformed",
    hint: "Check how the token reaches this program. A secret that does not exist arrives empty, and a copied one may end in a line break.",
  });
}

function ignore(): void {}
