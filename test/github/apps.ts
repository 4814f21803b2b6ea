// GitHub Apps: their JSON web tokens judged with their public keys, and the installation tokens that they mint.
import { createPublicKey, verify } from "node:crypto";
import {
  type Access,
  type AppSetup,
  createToken,
  type Installation,
  PERMISSIONS,
  type Permission,
  type Token,
} from "./auth.ts";
import { refusal, validationFailed } from "./replies.ts";

/** An installation token's lifetime in milliseconds. */
const LIFETIME_MS = 60 * 60_000;
/** The longest that an App's token may be good for, in seconds. */
const MAX_JWT_SECONDS = 600;

/** The App that a JSON web token speaks for (RFC 7519, RS256); null where it is none. Throws the 401 that GitHub answers. */
function appOf(apps: readonly AppSetup[], given: string, now: Date): AppSetup | null {
  const [head, body, signature, ...rest] = given.split(".");
  if (
    head === undefined ||
    body === undefined ||
    signature === undefined ||
    rest.length > 0 ||
    !head.startsWith("eyJ")
  )
    return null;
  const header = decoded(head);
  const claims = decoded(body);
  const app = apps.find(
    ({ id, clientId }) => claims.iss === clientId || claims.iss === String(id) || claims.iss === id,
  );
  const signed = Buffer.from(`${head}.${body}`);
  const isOurs =
    app !== undefined &&
    header.alg === "RS256" &&
    verify("sha256", signed, createPublicKey(app.publicKey), Buffer.from(signature, "base64url"));
  if (app === undefined || !isOurs) throw refusal(401, "A JSON web token could not be decoded");
  const seconds = Math.floor(now.getTime() / 1000);
  if (typeof claims.iat !== "number" || claims.iat > seconds) {
    throw refusal(
      401,
      "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
    );
  }
  if (typeof claims.exp !== "number" || claims.exp <= seconds) {
    throw refusal(
      401,
      "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
    );
  }
  if (claims.exp > seconds + MAX_JWT_SECONDS)
    throw refusal(401, "'Expiration time' claim ('exp') is too far in the future");
  return app;
}

function decoded(part: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    return typeof parsed === "object" && parsed !== null ? { ...parsed } : {};
  } catch {
    return {};
  }
}

export type Minted = {
  readonly token: Token;
  readonly permissions: Readonly<Record<string, string>>;
  readonly repositories: readonly string[];
};

/** A new installation token, for what was asked and never for more than the installation has. Throws the 422 that refuses it. */
export function mint(
  installation: Installation,
  body: Readonly<Record<string, unknown>>,
  { number, now }: { number: number; now: Date },
): Minted {
  const names = Array.isArray(body.repositories) ? body.repositories.map(String) : null;
  const asked =
    names?.map((name) => `${installation.account}/${name}`) ?? installation.repositories;
  const reached = installation.repositories.map((name) => name.toLowerCase());
  if (asked.some((name) => !reached.includes(name.toLowerCase()))) {
    throw validationFailed(
      "There is at least one repository that does not exist or is not accessible to the parent installation.",
    );
  }
  const wanted =
    typeof body.permissions === "object" && body.permissions !== null
      ? Object.entries(body.permissions)
      : Object.entries(installation.permissions);
  const permissions: Partial<Record<Permission, Access>> = {};
  for (const [name, access] of wanted) {
    const permission = PERMISSIONS.find((known) => known === name);
    const held = permission && installation.permissions[permission];
    if (permission === undefined || held === undefined || (access === "write" && held === "read")) {
      throw validationFailed("The permissions requested are not granted to this installation.");
    }
    permissions[permission] = access === "write" ? "write" : "read";
  }
  // As long as they are now, and with dots: https://github.blog/changelog names no length that callers may count on.
  const text = ["ghs", `${number}.${"A1b2".repeat(120)}.${"c".repeat(36)}`].join("_");
  const token = createToken({
    token: text,
    kind: "app",
    permissions,
    repositories: asked,
    expiresAt: new Date(now.getTime() + LIFETIME_MS),
  });
  return { token, permissions, repositories: asked };
}

/** Whom the server knows. */
export type Known = { readonly tokens: Token[]; readonly apps: readonly AppSetup[] };

/** Finds the caller by `Authorization: token …` or `Bearer …`. Throws the 401 that GitHub answers. */
export function authenticate(
  { tokens, apps }: Known,
  header: string | undefined,
  now: Date,
): Token {
  if (header === undefined || header === "") throw refusal(401, "Requires authentication");
  const given = /^(?:token|bearer)\s+(\S+)$/i.exec(header)?.[1];
  const app = appOf(apps, given ?? "", now);
  if (app !== null) {
    const keep = (token: Token | null) => (token === null ? tokens.length : tokens.push(token));
    return {
      ...createToken({ token: given ?? "", login: "app", permissions: {} }),
      app: { setup: app, keep },
    };
  }
  const found = tokens.find(({ token }) => token === given);
  if (found === undefined || (found.expiresAt !== null && found.expiresAt <= now))
    throw refusal(401, "Bad credentials");
  return found;
}
