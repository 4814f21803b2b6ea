// The few classes of failure, split by what the caller must do next.
import type { FailureKind, ReportedError } from "./reported-error.ts";

/** Where in `token_config.json` something is wrong. Lines and columns count from 1. */
export type Position = { readonly line: number; readonly column: number };

/** One mistake in an input: what is wrong, where, and what to do about it. */
export type Problem = {
  /** Stable, kebab-case, for programs. */
  readonly code: string;
  /** JSON pointer (RFC 6901) into the document; "" is the whole of it. */
  readonly pointer: string;
  readonly position: Position | null;
  /** What failed and what was seen. */
  readonly message: string;
  /** What to do; names the nearest valid name where there is one. */
  readonly hint: string | null;
};

export type FailureOptions = {
  /** Stable, kebab-case, for programs: problem+json's `code`, the report's error code. */
  readonly code: string;
  /** What the person should do. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
};

/** What every error of this program has: a kind, a stable code, and what to do. Never a value, a header or a response body. */
export abstract class Failure extends Error {
  abstract readonly kind: FailureKind;
  readonly code: string;
  readonly hint: string | null;

  constructor(message: string, options: FailureOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = options.code;
    this.hint = options.hint ?? null;
  }
}

/** A person must change an input: the config, an argument, a request body. Carries every mistake found, not the first. */
export class Misconfigured extends Failure {
  readonly kind = "misconfigured";
  readonly problems: readonly Problem[];

  constructor(
    message: string,
    options: FailureOptions & { readonly problems?: readonly Problem[] },
  ) {
    super(message, options);
    this.problems = options.problems ?? [];
  }
}

/** It failed and nothing happened, so trying again is safe. */
export class Unchanged extends Failure {
  readonly kind = "unchanged";
  /** Trying again before this time is of no use; null if the service named no time. */
  readonly retryAt: Date | null;

  constructor(message: string, options: FailureOptions & { readonly retryAt?: Date | null }) {
    super(message, options);
    this.retryAt = options.retryAt ?? null;
  }
}

/** It may have happened (a time-out, a cut connection): look before acting, never blindly issue again. */
export class Uncertain extends Failure {
  readonly kind = "uncertain";
}

/** A permission is missing; `permission` names it as the server did, where it did. */
export class Denied extends Failure {
  readonly kind = "denied";
  readonly permission: string | null;

  constructor(message: string, options: FailureOptions & { readonly permission?: string | null }) {
    super(message, options);
    this.permission = options.permission ?? null;
  }
}

/**
 * Turns anything thrown into what a report may hold. An error that is not ours is a defect or an
 * unforeseen fault: its outcome is unknown, and its message is kept out, since it was never vetted.
 */
export function describeError(error: unknown): ReportedError {
  if (error instanceof Failure)
    return { kind: error.kind, code: error.code, message: error.message, hint: error.hint };
  const name = error instanceof Error ? error.name : typeof error;
  return {
    kind: "uncertain",
    code: "unexpected",
    message: `an unexpected ${name} was thrown`,
    hint: "Run it again with TOKEN_AUTOMATION_DEBUG=1 to see where, and report it.",
  };
}
