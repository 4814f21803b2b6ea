// Opens the destinations: with compose.ts and compose-issuers.ts the only files that name adapters.
import type { Place } from "./compose.ts";
import type { Vault } from "./destinations/vault.ts";
import { Misconfigured } from "./errors.ts";
import type { GitHubClient } from "./github/client.ts";
import type { Destination } from "./ports.ts";
import type { Scope } from "./token.ts";

/** What destinations need beside their scope. */
export type DestinationContext = {
  readonly place: Place;
  /** GitHub as the run reaches it. */
  readonly client: () => Promise<GitHubClient>;
  readonly clock: () => Date;
};

/** Opens one scope. Throws `Misconfigured` (`vault-not-local`) for a vault beside a record that is on GitHub. */
export async function openDestination(scope: Scope, { place, client, clock }: DestinationContext): Promise<Destination> {
  switch (scope.kind) {
    case "actions": {
      const { actionsDestination } = await import("./destinations/actions.ts");
      return actionsDestination({ client, repository: scope.repository });
    }
    case "vault": {
      if (place.kind !== "local") {
        throw new Misconfigured("the vault is a file beside a local record, and this record lives on GitHub", {
          code: "vault-not-local",
          hint: 'Use {"to": "actions"}, or run it in a checkout.',
        });
      }
      return openLocalVault(place, clock);
    }
  }
}

/** The vault beside a local record, for those who read values: destinations as such are write-only. */
export async function openLocalVault(place: Extract<Place, { kind: "local" }>, clock: () => Date): Promise<Vault> {
  const { openVault } = await import("./destinations/vault.ts");
  return openVault({ directory: place.directory, key: place.vaultKey, now: clock });
}
