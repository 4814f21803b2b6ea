// OIDC tokens of a workflow that must be refused: each differs in one thing from a token that is accepted.
import { createHmac } from "node:crypto";
import type { JWTPayload } from "jose";
import { startIssuer, type TestIssuer } from "./oidc.ts";

/** @param claims of a caller that is trusted */
type Forge = (issuer: TestIssuer, claims: JWTPayload) => Promise<string>;

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const withClaims =
  (changed: JWTPayload): Forge =>
  (issuer, claims) =>
    issuer.sign({ ...claims, ...changed });

/** What it is, and how it is made. */
export const FORGED_TOKENS: readonly (readonly [what: string, forge: Forge])[] = [
  // Of a time that is over on every clock that tests have.
  ["an expired token", withClaims({ exp: 1_700_000_300, iat: 1_700_000_000, nbf: 1_700_000_000 })],
  ["a token for another service", withClaims({ aud: "https://github.com/acme" })],
  ["a token of another issuer", withClaims({ iss: "https://issuer.example" })],
  ["a token of another repository", withClaims({ repository_id: "3" })],
  ["a token of another owner", withClaims({ repository_owner_id: "3" })],
  ["a token of another branch", withClaims({ ref: "refs/heads/other" })],
  [
    "a token whose key's id is a path",
    (issuer, claims) => issuer.sign(claims, { kid: "../../etc/passwd" }),
  ],
  ["a token whose key came along", keyAlong],
  [
    "an unsigned token",
    async (issuer, claims) =>
      `${part({ alg: "none", kid: "one" })}.${await bodyOf(issuer, claims)}.`,
  ],
  ["a token signed with the public key", confused],
  ["a token whose signature is another's", spliced],
];

async function bodyOf(issuer: TestIssuer, claims: JWTPayload): Promise<string> {
  return (await issuer.sign(claims)).split(".")[1] ?? "";
}

async function confused(issuer: TestIssuer, claims: JWTPayload): Promise<string> {
  const head = `${part({ alg: "HS256", kid: "one" })}.${await bodyOf(issuer, claims)}`;
  return `${head}.${createHmac("sha256", JSON.stringify(issuer.publicJwk)).update(head).digest("base64url")}`;
}

async function spliced(issuer: TestIssuer, claims: JWTPayload): Promise<string> {
  const [head, , signature] = (await issuer.sign({ ...claims, ref: "refs/heads/other" })).split(
    ".",
  );
  return `${head}.${await bodyOf(issuer, claims)}.${signature}`;
}

async function keyAlong(issuer: TestIssuer, claims: JWTPayload): Promise<string> {
  const other = await startIssuer(() => new Date());
  await other.close();
  const times = JSON.parse(Buffer.from(await bodyOf(issuer, claims), "base64url").toString());
  return other.sign({ ...times, ...claims }, { jwk: other.publicJwk, jku: other.jwksUrl });
}
