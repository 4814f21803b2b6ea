// One writer at a time for a file, across processes; a lock that its owner's death left behind is taken over.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { Misconfigured, Unchanged } from "../errors.ts";
import { errorCode } from "./atomic-file.ts";

/** After how many milliseconds without a sign of life a lock counts as left behind. Its owner gives one every 5 s. */
const STALE_MS = 10_000;
/** Tries for a lock: with the waits below about 20 s, so longer than a dead owner can hold it. */
const RETRIES = { retries: 120, factor: 1.3, minTimeout: 10, maxTimeout: 200, randomize: true } as const;

/** How often to try and how long to wait between, in milliseconds (exponential, from `minTimeout` up to `maxTimeout`). */
type LockRetries = {
  readonly retries: number;
  readonly factor: number;
  readonly minTimeout: number;
  readonly maxTimeout: number;
  readonly randomize: boolean;
};

/** Throws `Unchanged` when the lock is no longer ours: called right before what cannot be undone. */
export type StillHeld = () => Promise<void>;

/** The lock of the record in a folder. While it is held it is an empty folder, which git does not see. */
export function recordLock(directory: string): string {
  return join(directory, ".token-automation.lock");
}

/**
 * Runs `action` while holding the lock at `lockPath` (an empty folder that stands there meanwhile).
 * @throws `Unchanged` when somebody else holds it all the while; `Misconfigured` when the folder cannot be written to.
 */
export async function withFileLock<T>(
  lockPath: string,
  action: (stillHeld: StillHeld) => Promise<T>,
  retries: LockRetries = RETRIES,
): Promise<T> {
  const { lock } = await import("proper-lockfile");
  let compromised = false;
  const onCompromised = () => {
    compromised = true;
  };
  let release: () => Promise<void>;
  try {
    release = await lock(lockPath, { lockfilePath: lockPath, realpath: false, stale: STALE_MS, retries, onCompromised });
  } catch (error) {
    throw notLocked(lockPath, error);
  }
  const mark = await ownerMark(lockPath);
  const stillHeld = async () => {
    if (compromised || (await ownerMark(lockPath)) !== mark) throw lost(lockPath);
  };
  try {
    return await action(stillHeld);
  } finally {
    // A lock that was taken over is no longer ours to give back, and what was done under it has been told already.
    await release().catch(() => undefined);
  }
}

// Two processes can both find a dead owner's lock; the slower one then removes the faster one's. The folder's identity shows it.
async function ownerMark(lockPath: string): Promise<string | null> {
  try {
    const { ino, birthtimeNs } = await stat(lockPath, { bigint: true });
    return `${ino}:${birthtimeNs}`;
  } catch {
    return null;
  }
}

function notLocked(lockPath: string, cause: unknown): Error {
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

function lost(lockPath: string): Unchanged {
  return new Unchanged(`the lock ${lockPath} was lost while writing: this process was stopped for too long`, {
    code: "lock-lost",
    hint: "Nothing was written. Try again.",
  });
}
