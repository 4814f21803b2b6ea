// A file lock across processes. The lock of a dead owner is taken over.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Misconfigured, Unchanged } from "../../core/base/errors.ts";
import { errorCode } from "./atomic-file.ts";

/** How many milliseconds without a sign of life mark a lock as left behind. Its owner gives one every 5 s. */
const STALE_MS = 10_000;
/** Waits between tries, in milliseconds: 10 at first, then up to 200. They add up to about 20 s, longer than a dead owner can hold the lock. */
const WAITS_MS = Array.from({ length: 110 }, (_, index) =>
  Math.min(200, Math.round(10 * 1.3 ** index)),
);

/** Throws `Unchanged` if the lock is no longer ours. Called right before each step that cannot be undone. */
export type StillHeld = () => Promise<void>;

/** The lock of the record in a folder. While it is held it is an empty folder, which git does not see. */
export function recordLock(directory: string): string {
  return join(directory, ".token-automation.lock");
}

/**
 * Runs `action` while holding the lock at `lockPath` (an empty folder that stands there meanwhile).
 * @param waits milliseconds between tries while another process holds it.
 * @throws `Unchanged` if another process holds it all the while; `Misconfigured` if the folder cannot be written to.
 */
export async function withFileLock<T>(
  lockPath: string,
  action: (stillHeld: StillHeld) => Promise<T>,
  waits: readonly number[] = WAITS_MS,
): Promise<T> {
  let compromised = false;
  const release = await acquire(lockPath, waits, () => {
    compromised = true;
  });
  const mark = await ownerMark(lockPath);
  const stillHeld = async () => {
    if (compromised || (await ownerMark(lockPath)) !== mark) throw lockLost(lockPath);
  };
  try {
    return await action(stillHeld);
  } finally {
    // A lock that another process has taken over is no longer ours to release.
    if ((await ownerMark(lockPath)) === mark) await release().catch(() => undefined);
  }
}

async function acquire(
  lockPath: string,
  waits: readonly number[],
  onCompromised: () => void,
): Promise<() => Promise<void>> {
  const { lock } = await import("proper-lockfile");
  for (let tries = 0; ; tries += 1) {
    try {
      return await lock(lockPath, {
        lockfilePath: lockPath,
        realpath: false,
        stale: STALE_MS,
        retries: 0,
        onCompromised,
      });
    } catch (error) {
      const wait = waits[tries];
      // The library's own retries would also repeat what can never succeed.
      if (errorCode(error) !== "ELOCKED" || wait === undefined) throw notLocked(lockPath, error);
      // Waiting processes must not all come back at once.
      await sleep(wait * (0.5 + Math.random()));
    }
  }
}

// Two processes can both find a dead owner's lock. The slower one then removes the faster one's. The folder's identity shows it.
async function ownerMark(lockPath: string): Promise<string | null> {
  try {
    const { ino, birthtimeNs } = await stat(lockPath, { bigint: true });
    return `${ino}:${birthtimeNs}`;
  } catch {
    return null;
  }
}

function notLocked(lockPath: string, cause: unknown): Misconfigured | Unchanged {
  const code = errorCode(cause);
  if (code === "ELOCKED") {
    return new Unchanged(`another process holds the lock ${lockPath}`, {
      code: "locked",
      hint: "Try again when it is done. If nothing is running, the lock goes away by itself after 10 seconds.",
      cause,
    });
  }
  return new Misconfigured(`the lock ${lockPath} cannot be taken: ${code}`, {
    code: "not-writable",
    hint: "The folder must exist, and you must be allowed to write there.",
    cause,
  });
}

function lockLost(lockPath: string): Unchanged {
  return new Unchanged(
    `the lock ${lockPath} was lost while writing, because this process was stopped for too long`,
    {
      code: "lock-lost",
      hint: "Nothing was written. Try again.",
    },
  );
}
