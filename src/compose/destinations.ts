// The destinations, each opened when a token needs it.
import type { GitHubClient } from "../adapters/github/client.ts";
import { Misconfigured } from "../core/base/errors.ts";
import type { Scope } from "../core/model/token.ts";
import type { Destination } from "../core/ports/destination.ts";
import { openLocalVault } from "./local.ts";
import type { RecordLocation } from "./record-location.ts";

/** What destinations need besides their scope. */
export type DestinationContext = {
  readonly place: RecordLocation;
  /** GitHub as the run reaches it. */
  readonly client: () => Promise<GitHubClient>;
  readonly clock: () => Date;
};

/** Opens one scope. Throws `Misconfigured` (`vault-not-local`, `file-not-local`) for one on this machine if the record is on GitHub. */
export async function openDestination(
  scope: Scope,
  { place, client, clock }: DestinationContext,
): Promise<Destination> {
  switch (scope.kind) {
    case "vault": {
      if (place.kind !== "local") throw notLocal("the vault is", "vault-not-local");
      return openLocalVault(place, clock);
    }
    case "file": {
      if (place.kind !== "local") throw notLocal(`${scope.path} would be`, "file-not-local");
      const { fileDestination } = await import("../adapters/destinations/file.ts");
      return fileDestination({
        directory: place.directory,
        key: place.vaultKey,
        path: scope.path,
        format: scope.format,
      });
    }
    default: {
      const { githubDestination } = await import("../adapters/destinations/github.ts");
      return githubDestination({ client, scope });
    }
  }
}

function notLocal(what: string, code: string): Misconfigured {
  return new Misconfigured(`${what} a file beside a local record, and this record is on GitHub`, {
    code,
    hint: 'Use {"to": "actions"}, or run it in a checkout.',
  });
}
