// A service that issues keys, as part of a case's world: whatever strikes a request to GitHub strikes its requests too.
import { randomBytes } from "node:crypto";
import type { IssuerDeclaration } from "../../src/core/model/schema.ts";
import type { Reply } from "../github/replies.ts";
import type { GitHubRequest } from "../github/routes.ts";

/** Below it the world's server speaks as the service. */
export const SERVICE_PREFIX = "/service/";
/** Where the record says that the service is: quick-time sends these requests to the world's server, whose port differs. */
const SERVICE_URL = "http://localhost:1/service";
/** The variable that holds the administrator's key. */
export const SERVICE_VARIABLE = "KEY_SERVICE_ADMIN";
/** A canary too: it stands in no output, file or commit. */
export const SERVICE_ADMIN = "canary-key-service-admin-4f1d";

/** The issuer of the tokens whose credentials the service keeps. */
export const SERVICE_ISSUER: IssuerDeclaration = {
  use: "http",
  entropy_bits: 256,
  issue: {
    url: `${SERVICE_URL}/keys`,
    headers: [`Authorization: Bearer \${env.${SERVICE_VARIABLE}}`],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the declaration's own placeholder
    json: { name: "${label}" },
    fields: { value: "/secret" },
    ref: "/id",
  },
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the declaration's own placeholder
  check: { url: `${SERVICE_URL}/me`, headers: ["Authorization: Bearer ${fields.value}"] },
  revoke: {
    url: `${SERVICE_URL}/keys/\${ref}`,
    headers: [`Authorization: Bearer \${env.${SERVICE_VARIABLE}}`],
  },
  find: {
    url: `${SERVICE_URL}/keys`,
    headers: [`Authorization: Bearer \${env.${SERVICE_VARIABLE}}`],
    list: "/keys",
    label: "/name",
    ref: "/id",
  },
};

type Key = LiveCredential & { readonly secret: string };

/** A credential that a service issued and that still works. Issuers without side effects have none. */
type LiveCredential = { readonly ref: string; readonly label: string };

export type KeyService = {
  readonly answer: (request: GitHubRequest) => Reply;
  /** What works now. */
  readonly live: () => readonly LiveCredential[];
  readonly accepts: (secret: string) => boolean;
  /** Every secret that was ever handed out. */
  readonly issued: ReadonlySet<string>;
};

/** @param keys what works already when the case begins */
export function createKeyService(
  keys: readonly Key[] = [],
): KeyService & { readonly keys: () => readonly Key[] } {
  const live = new Map(keys.map((key) => [key.ref, key]));
  const issued = new Set(keys.map(({ secret }) => secret));
  const act = ({ method, path, headers, body }: GitHubRequest): Reply => {
    const bearer = /^Bearer (.+)$/.exec(String(headers.authorization ?? ""))?.[1];
    const asked = `${method} ${path.slice(SERVICE_PREFIX.length - 1)}`;
    if (asked === "GET /me") {
      const works = [...live.values()].some(({ secret }) => secret === bearer);
      return works ? { status: 200, body: {} } : { status: 401, body: {} };
    }
    if (bearer !== SERVICE_ADMIN) return { status: 403, body: {} };
    if (asked === "GET /keys")
      return {
        status: 200,
        body: { keys: [...live.values()].map(({ ref, label }) => ({ id: ref, name: label })) },
      };
    if (asked === "POST /keys") {
      const label = String(JSON.parse(body.toString("utf8")).name);
      const key = {
        ref: `key_${randomBytes(6).toString("hex")}`,
        label,
        secret: randomBytes(32).toString("base64url"),
      };
      live.set(key.ref, key);
      issued.add(key.secret);
      return { status: 201, body: { id: key.ref, secret: key.secret } };
    }
    const ref = /^DELETE \/keys\/(\w+)$/.exec(asked)?.[1];
    return ref !== undefined && live.delete(ref)
      ? { status: 204, body: null }
      : { status: 404, body: {} };
  };
  return {
    answer: act,
    live: () => [...live.values()],
    keys: () => [...live.values()],
    accepts: (secret) => [...live.values()].some((key) => key.secret === secret),
    issued,
  };
}
