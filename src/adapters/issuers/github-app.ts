// An installation token of a GitHub App, limited to repositories and permissions: https://docs.github.com/rest/apps/apps
import * as z from "zod";
import { Misconfigured, Uncertain } from "../../core/base/errors.ts";
import { Secret } from "../../core/base/secret.ts";
import { parsePrivateKey } from "../../core/credentials/key-pair.ts";
import type { GithubAppDeclaration } from "../../core/model/schema.ts";
import { VALUE_FIELD } from "../../core/model/token.ts";
import type { Issuer } from "../../core/ports/issuer.ts";
import type { GitHubClient } from "../github/client.ts";
import { statusOf, toFailure } from "../github/errors.ts";

export type GithubAppOptions = {
  readonly declaration: GithubAppDeclaration;
  /** PEM, PKCS#1 or PKCS#8. */
  readonly privateKey: Secret;
  /** The account that it is installed on, if no installation is declared. */
  readonly owner: string | null;
  /** GitHub as that token reaches it. */
  readonly client: (token: Secret) => Promise<GitHubClient>;
  readonly clock: () => Date;
};

/** How far before now the JWT's issue time lies, in seconds. GitHub refuses one from its future, and clocks drift. */
const BACKDATED_S = 60;
/** How long the JWT is valid, in seconds from now. GitHub allows up to ten minutes by its own clock. */
const JWT_LIFETIME_S = 540;
/** How long every server of GitHub's may take to know a new token, in milliseconds. */
const SETTLES_WITHIN_MS = 15_000;
/** Read, write and admin, the weaker first. Each includes the ones before it. */
const LEVELS = ["read", "write", "admin"];

const Installation = z.object({ id: z.int().min(1) });
const Minted = z.object({
  token: z.string().min(1),
  expires_at: z.iso.datetime({ offset: true }),
  permissions: z.record(z.string(), z.string()).optional(),
});

/**
 * The issuer of installation tokens. A token can be found and ended only by its value, so it has no
 * ref. It ends by itself after an hour, which is its expiry.
 * @throws `Misconfigured` (`private-key-invalid`) for a key that cannot be read.
 */
export function githubAppIssuer({
  declaration,
  privateKey,
  owner,
  client,
  clock,
}: GithubAppOptions): Issuer {
  const { app, private_key_variable: variable, repositories, permissions } = declaration;
  const parsed = parsePrivateKey(privateKey);
  if (parsed?.asymmetricKeyType !== "rsa") {
    throw new Misconfigured(`${variable} does not hold an RSA private key in PEM`, {
      code: "private-key-invalid",
      hint: "Put the whole .pem file of the App there, from -----BEGIN to the end. Line breaks may be written as \\n.",
    });
  }

  const key = parsed;

  /** GitHub as the App itself: RFC 7519, RS256. */
  async function asApp(): Promise<GitHubClient> {
    const { SignJWT } = await import("jose");
    const now = Math.floor(clock().getTime() / 1000);
    const claims = new SignJWT().setProtectedHeader({ alg: "RS256" }).setIssuer(app);
    return client(
      new Secret(
        await claims
          .setIssuedAt(now - BACKDATED_S)
          .setExpirationTime(now + JWT_LIFETIME_S)
          .sign(key),
      ),
    );
  }

  async function installationOf(github: GitHubClient, signal: AbortSignal): Promise<number> {
    if (declaration.installation !== undefined) return declaration.installation;
    if (owner === null) {
      throw new Misconfigured("the account of the GitHub App's installation is not known", {
        code: "installation-missing",
        hint: 'Add "owner" or "installation" to the issuer.',
      });
    }
    const { data } = await github.request("GET /users/{username}/installation", {
      username: owner,
      request: { signal },
    });
    const read = Installation.safeParse(data);
    if (!read.success) throw notUnderstood();
    return read.data.id;
  }

  return {
    async issue({ signal }) {
      const github = await asApp();
      const minted = await mint(github, signal).catch((error: unknown) => {
        throw refusal(error);
      });
      const { token, expires_at, permissions: granted } = minted;
      const missing = Object.entries(permissions).filter(
        ([name, level]) => granted !== undefined && !holds(granted[name], level),
      );
      if (missing.length > 0) throw notGranted(missing.map(([name]) => name));
      return {
        fields: { [VALUE_FIELD]: new Secret(token) },
        ref: null,
        // GitHub drew it. Its opaque part is far longer, but GitHub does not document how much of it is random.
        entropyBits: null,
        expiresAt: new Date(expires_at).toISOString(),
        settlesWithinMs: SETTLES_WITHIN_MS,
        warnings: [],
      };
    },

    async check({ fields }, signal) {
      const token = fields[VALUE_FIELD];
      if (token === undefined) return { verdict: "refused", detail: "it is empty" };
      const github = await client(token);
      try {
        await github.request("GET /installation/repositories", {
          per_page: 1,
          request: { signal },
        });
        return { verdict: "works", detail: null };
      } catch (error) {
        if (statusOf(error) === 401)
          return { verdict: "refused", detail: "GitHub does not accept it" };
        throw toFailure(error, "ask GitHub what the new installation token reaches");
      }
    },

    async revoke() {
      // Only the token itself could end it, and it is kept nowhere. It ends an hour after it was made.
    },

    async find() {
      return [];
    },
  };

  async function mint(github: GitHubClient, signal: AbortSignal): Promise<z.infer<typeof Minted>> {
    const installation_id = await installationOf(github, signal);
    const path = "POST /app/installations/{installation_id}/access_tokens";
    const { data } = await github.request(path, {
      installation_id,
      repositories,
      permissions,
      request: { signal, retries: 0 },
    });
    const read = Minted.safeParse(data);
    if (!read.success || Date.parse(read.data.expires_at) <= clock().getTime())
      throw notUnderstood();
    return read.data;
  }

  function refusal(error: unknown): Error {
    const failure = toFailure(error, `mint an installation token of the GitHub App ${app}`);
    const status = statusOf(error);
    if (status === 401) {
      return new Misconfigured(
        `GitHub does not accept a token of the App ${app} that ${variable} signs`,
        {
          code: "app-refused",
          hint: `Check that "app" is the App's client id, that ${variable} holds a key of that App, and that this machine's clock is right.`,
          cause: failure,
        },
      );
    }
    if (status === 404) {
      return new Misconfigured(
        `the GitHub App ${app} is not installed on ${owner ?? `installation ${declaration.installation}`}`,
        {
          code: "app-not-installed",
          hint: "Install the App on the account that owns the repositories, or correct the owner or the installation.",
          cause: failure,
        },
      );
    }
    if (status === 422) return notGranted(Object.keys(permissions));
    return failure;
  }

  function notGranted(names: readonly string[]): Misconfigured {
    return new Misconfigured(
      `the installation of the GitHub App ${app} does not grant ${names.join(", ")} on ${repositories.join(", ")}`,
      {
        code: "app-permissions",
        hint: "Give the App these permissions and repositories in its settings, and let the owner accept them. Or ask for less.",
      },
    );
  }
}

function holds(granted: string | undefined, asked: string): boolean {
  return granted !== undefined && LEVELS.indexOf(granted) >= LEVELS.indexOf(asked);
}

function notUnderstood(): Uncertain {
  return new Uncertain("the reply for an installation token is not GitHub's", {
    code: "reply-malformed",
    hint: "Check GITHUB_API_URL and any proxy. If a token was made, it ends by itself within the hour.",
  });
}
