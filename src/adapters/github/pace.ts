// The pace of one client: starts per window, and the waits that GitHub orders.
// Our own, since Bottleneck, which Octokit's throttling brings, refills on a timer that does not keep the process alive,
// and p-throttle takes no clock and no order to pause.
import { Unchanged } from "../../core/base/errors.ts";

/** The clock and timer of the pace. Milliseconds since the epoch. `wait` must keep the process alive. */
export type Clock = { now(): number; wait(ms: number): Promise<void> };

export const systemClock: Clock = {
  now: () => Date.now(),
  wait: (ms) =>
    new Promise((resolve) => {
      setTimeout(resolve, ms);
    }),
};

/** Lets at most `limit` callers pass in any `windowMs`: a burst at once, then one as each leaves the window. */
export function createWindow(limit: number, windowMs: number, clock: Clock): () => Promise<void> {
  // When the last `limit` callers started or will start, oldest first.
  const starts: number[] = [];
  return async () => {
    const now = clock.now();
    const oldest = starts.length < limit ? undefined : starts.shift();
    const at = oldest === undefined ? now : Math.max(now, oldest + windowMs);
    starts.push(at);
    if (at > now) await clock.wait(at - now);
  };
}

/** Holds every caller back until the time that GitHub named. */
export type Pause = {
  /** Lets no caller pass for that many milliseconds. */
  hold(ms: number): void;
  /** Waits while held. @throws `Unchanged` if the wait would be longer than `longestMs`. */
  pass(): Promise<void>;
};

/** @param longestMs the longest wait; a longer one is refused at once, since more requests would only prolong it. */
export function createPause(longestMs: number, clock: Clock): Pause {
  let until = 0;
  return {
    hold(ms) {
      until = Math.max(until, clock.now() + ms);
    },
    async pass() {
      for (let left = until - clock.now(); left > 0; left = until - clock.now()) {
        if (left > longestMs)
          throw rateLimited(
            "no request was sent, because GitHub's rate limit is used up",
            new Date(until),
          );
        await clock.wait(left);
      }
    },
  };
}

/** The failure of a request that GitHub will not answer before `until`. Null if GitHub did not say when. */
export function rateLimited(what: string, until: Date | null): Unchanged {
  const when = until === null ? "" : ` until ${until.toISOString()}`;
  return new Unchanged(`${what}${when}`, {
    code: "rate-limited",
    retryAt: until,
    hint: `Run it again ${until === null ? "in some minutes" : "after that time"}. If it happens often, rotate fewer tokens at once or use a GitHub App's token, whose budget is its own.`,
  });
}
