// Opens the destinations: with compose.ts and compose-issuers.ts the only files that name adapters.
import type { Vault } from "../adapters/destinations/vault.ts";
import type { GitHubClient } from "../adapters/github/client.ts";
import { Misconfigured } from "../core/base/errors.ts";
import type { Scope } from "../core/model/token.ts";
import type { Destination } from "../core/ports/destination.ts";
import type { RecordLocation } from "./record-location.ts";

/** What destinations need beside their scope. */
export type DestinationContext = {
  readonly place: RecordLocation;
  /** GitHub as the run reaches it. */
  readonly client: () => Promise<GitHubClient>;
  readonly clock: () => Date;
};

/** Opens one scope. Throws `Misconfigured` (`vault-not-local`, `file-not-local`) for one on this machine beside a record that is on GitHub. */
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
  return new Misconfigured(
    `${what} a file beside a local record, and this record lives on GitHub`,
    {
      code,
      hint: 'Use {"to": "actions"}, or run it in a checkout.',
    },
  );
}

/** The vault beside a local record, for those who read values: destinations as such are write-only. */
export async function openLocalVault(
  place: Extract<RecordLocation, { kind: "local" }>,
  clock: () => Date,
): Promise<Vault> {
  const { openVault } = await import("../adapters/destinations/vault.ts");
  return openVault({ directory: place.directory, key: place.vaultKey, now: clock });
}
