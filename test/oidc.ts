// An issuer of OIDC tokens that speaks HTTP on a free port, as GitHub's does for workflows: it signs, and serves its public keys.
import { createServer } from "node:http";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { listen } from "./http-servers.ts";

export type TestIssuer = Awaited<ReturnType<typeof startIssuer>>;

type Key = { readonly kid: string; readonly privateKey: CryptoKey; readonly jwk: object };

async function makeKey(kid: string): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
  return {
    kid,
    privateKey,
    jwk: { ...(await exportJWK(publicKey)), kid, alg: "RS256", use: "sig" },
  };
}

/** @param now the issuer's clock */
export async function startIssuer(now: () => Date) {
  let keys = [await makeKey("one")];
  let isUp = true;
  let fetched = 0;
  const server = createServer((_request, response) => {
    fetched += 1;
    if (!isUp) return response.writeHead(503).end();
    return response
      .writeHead(200, { "content-type": "application/json" })
      .end(JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }));
  });
  const { url, close } = await listen(server);
  return {
    url,
    jwksUrl: `${url}/.well-known/jwks`,
    /** How often its keys were asked for. */
    get fetched() {
      return fetched;
    },
    set isUp(up: boolean) {
      isUp = up;
    },
    /** The public key, as a server that confuses algorithms would take it for a shared one. */
    get publicJwk() {
      return keys[0]?.jwk ?? {};
    },
    /** The token of a workflow's job, good for five minutes, with those claims and header fields in place of the usual ones. */
    async sign(
      claims: JWTPayload = {},
      header: Readonly<Record<string, unknown>> = {},
    ): Promise<string> {
      const [key] = keys;
      if (key === undefined) throw new Error("the issuer has no key");
      const at = Math.floor(now().getTime() / 1000);
      const payload = {
        iss: url,
        aud: "tokens.example",
        iat: at,
        nbf: at,
        exp: at + 300,
        jti: "1",
        ...claims,
      };
      return new SignJWT(payload)
        .setProtectedHeader({ alg: "RS256", typ: "JWT", kid: key.kid, ...header })
        .sign(key.privateKey);
    },
    /** From now on it signs with a new key, and serves that one alone. */
    async rotateKey(kid: string): Promise<void> {
      keys = [await makeKey(kid)];
    },
    close,
  };
}
