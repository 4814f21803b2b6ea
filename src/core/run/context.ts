// The collaborators of a run and what its phases share.

import type { Secret } from "../base/secret.ts";
import type { Home, Scope } from "../model/token.ts";
import type { Destination } from "../ports/destination.ts";
import type { Issuer } from "../ports/issuer.ts";
import type { RemindBy, Reminders } from "../ports/notifier.ts";
import type { Observed } from "../proof/observe.ts";
import type { RecordSource } from "../record/record.ts";
import type { RunRequest } from "./request.ts";
import type { Selection } from "./select.ts";

export type RunOptions = Collaborators & {
  readonly source: RecordSource;
  readonly clock: () => Date;
  readonly runId: string;
  /** The reminders of values that people make. Throws `Misconfigured` if that way is not set up. */
  readonly reminders: (by: RemindBy) => Promise<Reminders>;
};

export type Run = {
  readonly request: RunRequest;
  readonly options: RunOptions;
  readonly startedAt: Date;
  readonly selection: Selection;
  /** The declared secrets as this process sees them. */
  readonly observed: readonly Observed[];
};

/** The ports through which the phases of a run reach the world. */
export type Collaborators = {
  readonly home: Home;
  /** Throws `Misconfigured` for an issuer that this version does not know: a record may hold one. */
  readonly issuer: (declaration: { readonly use: string }) => Promise<Issuer>;
  readonly destination: (scope: Scope) => Promise<Destination>;
  readonly fingerprintKey: Secret | null;
  readonly clock: () => Date;
  /** Resolves after the given time, in milliseconds. */
  readonly pause: (ms: number) => Promise<void>;
};
