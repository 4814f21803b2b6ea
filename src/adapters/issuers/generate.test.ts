// The issuer of random values and key pairs against the contract of issuers. OpenSSL, ssh-keygen and jose judge the keys.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { createLocalJWKSet, importJWK, type JWK, jwtVerify, SignJWT } from "jose";
import { describe, expect, test } from "vitest";
import { useFolders } from "../../../test/folders.ts";
import { testClient } from "../../../test/github/client.ts";
import { DEFAULT_REPOSITORY, startGitHub } from "../../../test/github/server.ts";
import { issuerContract } from "../../../test/issuer-contract.ts";
import { failureOf, issueRequest, labelOf } from "../../../test/issuing.ts";
import { toolAvailable } from "../../../test/require-tool.ts";
import { Secret } from "../../core/base/secret.ts";
import { generateKeyPair } from "../../core/credentials/key-pair.ts";
import type { Credential } from "../../core/ports/issuer.ts";
import { memoryStore } from "../stores/memory.ts";
import { generateIssuer } from "./generate.ts";
import { fileDocument, publicationOf, variableDocument } from "./publication.ts";
import type { PublishedForm } from "./published-keys.ts";

const run = promisify(execFile);
const folders = useFolders();
const KEYS = [
  ["ed25519", "pem"],
  ["ed25519", "openssh"],
  ["ed25519", "jwk"],
  ["rsa", "pem"],
  ["rsa", "openssh"],
  ["rsa", "jwk"],
  ["ecdsa", "pem"],
  ["ecdsa", "openssh"],
  ["ecdsa", "jwk"],
] as const;

issuerContract(
  "generate",
  async () => ({
    issuer: generateIssuer(),
    accepts: async (credential) => credential.fields.value !== undefined,
    close: async () => undefined,
  }),
  { fields: ["value"], live: "none" },
);

for (const [form, format] of [
  ["jwks", "jwk"],
  ["pem", "pem"],
  ["openssh", "openssh"],
] as const) {
  issuerContract(
    `generate, publishing ${form} in a file`,
    async () => {
      const publication = publicationOf(fileDocument(memoryStore(), "keys/public"), form);
      return {
        issuer: generateIssuer({ pair: { algorithm: null, bits: null, format }, publication }),
        accepts: async ({ ref }) => (await publication.keys()).some(({ kid }) => kid === ref),
        // Another pair's public key, which was never published.
        spoil: (credential) => ({ ...credential, ref: "x".repeat(43) }),
        close: async () => undefined,
      };
    },
    {
      fields: ["value", "private_key", "public_key"],
      openFields: ["public_key"],
      live: "many",
      unknownRef: "y".repeat(43),
      request: { type: "key_pair" },
    },
  );
}

const WEAK = "weak-token-of-the-tests";
issuerContract(
  "generate, publishing a JWKS in a variable",
  async () => {
    const github = await startGitHub();
    github.addToken({ token: WEAK, kind: "pat", permissions: { actions_variables: "read" } });
    const at = (token?: string) => {
      const client = () =>
        testClient(github, token === undefined ? {} : { token: new Secret(token) });
      return publicationOf(
        variableDocument(client, { repository: DEFAULT_REPOSITORY, name: "JWKS" }),
        "jwks",
      );
    };
    const publication = at();
    return {
      issuer: generateIssuer({ publication }),
      accepts: async ({ ref }) =>
        (github.repository().variables.get("JWKS") ?? "").includes(ref ?? "none"),
      spoil: (credential) => ({ ...credential, ref: "x".repeat(43) }),
      faults: [
        {
          issuer: generateIssuer({ publication: at(WEAK) }),
          kind: "denied",
          says: /Variables: write/,
        },
      ],
      canaries: [WEAK],
      close: github.close,
    };
  },
  {
    fields: ["value", "private_key", "public_key"],
    openFields: ["public_key"],
    live: "many",
    unknownRef: "y".repeat(43),
    request: { type: "key_pair" },
    faults: ["a token without Variables: write"],
  },
);

describe.each(KEYS)("a key pair of %s as %s", (algorithm, format) => {
  const make = () => generateKeyPair({ algorithm, bits: null, format }, "a-label");

  test.skipIf(!toolAvailable("openssl") || !toolAvailable("openssh"))(
    "is read by the program that knows the format, with that public key",
    async () => {
      const { privateKey, publicKey } = await make();
      const path = join(await folders.folder(), "key");
      await writeFile(path, privateKey.reveal(), { mode: 0o600 });
      if (format === "pem") {
        expect((await run("openssl", ["pkey", "-in", path, "-pubout", "-check"])).stdout).toContain(
          publicKey.pem,
        );
      } else if (format === "openssh") {
        expect((await run("ssh-keygen", ["-y", "-f", path])).stdout.trim()).toBe(
          `${publicKey.openssh} a-label`,
        );
        expect((await run("ssh-keygen", ["-l", "-f", path])).stdout).toMatch(
          { ed25519: /^256 /, rsa: /^3072 /, ecdsa: /^256 / }[algorithm],
        );
      } else {
        const jwk: JWK = JSON.parse(privateKey.reveal());
        const signed = await new SignJWT({ sub: "x" })
          .setProtectedHeader({ alg: jwk.alg ?? "", kid: publicKey.kid })
          .sign(await importJWK(jwk));
        expect(
          (await jwtVerify(signed, createLocalJWKSet({ keys: [publicKey.jwk as JWK] }))).payload
            .sub,
        ).toBe("x");
      }
    },
  );

  test("reports the strength of its algorithm, and one id in every form", async () => {
    const { strengthBits, publicKey, publicText } = await make();
    expect(strengthBits).toBe(128);
    const { kty, crv, e, n, x, y } = publicKey.jwk;
    // RFC 7638, section 3: the required members in the order of their names, without blanks.
    const required = Object.entries({ crv, e, kty, n, x, y }).filter(
      ([, value]) => value !== undefined,
    );
    expect(publicKey.kid).toBe(
      createHash("sha256")
        .update(JSON.stringify(Object.fromEntries(required)))
        .digest("base64url"),
    );
    expect(publicText).toBe(
      { pem: publicKey.pem, openssh: publicKey.openssh, jwk: JSON.stringify(publicKey.jwk) }[
        format
      ],
    );
  });
});

test("an RSA key of 2048 bits is called weak", async () => {
  const { strengthBits, warnings } = await generateKeyPair({
    algorithm: "rsa",
    bits: 2048,
    format: null,
  });
  expect([strengthBits, warnings]).toEqual([112, [expect.stringContaining("112 bits, under 128")]]);
});

describe("published keys", () => {
  const issuerOf = (store: ReturnType<typeof memoryStore>, form: PublishedForm) =>
    generateIssuer({ publication: publicationOf(fileDocument(store, "keys"), form) });
  const issue = (
    issuer: ReturnType<typeof generateIssuer>,
    generation: number,
  ): Promise<Credential> => issuer.issue(issueRequest(generation, { type: "key_pair" }));

  test("of several tokens that publish at once are all there, beside what people put there", async () => {
    const theirs = { keys: [{ kty: "oct", kid: "theirs" }], issuer: "https://example.com" };
    const store = memoryStore({ files: new Map([["keys", JSON.stringify(theirs)]]) });
    const made = await Promise.all(
      [1, 2, 3, 4, 5].map((generation) => issue(issuerOf(store, "jwks"), generation)),
    );
    const set = JSON.parse((await store.load(["keys"])).files.get("keys") ?? "");
    expect(set.issuer).toBe("https://example.com");
    expect(set.keys.map(({ kid }: JWK) => kid).sort()).toEqual(
      [...made.map(({ ref }) => ref), "theirs"].sort(),
    );
    expect(JSON.stringify(set)).not.toContain('"d"');
  });

  test.for([
    ["pem", "openssl"],
    ["openssh", "openssh"],
  ] as const)(
    "as %s are read by those who know the format, the newest first",
    async ([form, reader], { skip }) => {
      const store = memoryStore();
      const [first, second] = [
        await issue(issuerOf(store, form), 1),
        await issue(issuerOf(store, form), 2),
      ];
      const text = (await store.load(["keys"])).files.get("keys") ?? "";
      expect(text.match(/^# token-automation .*$/gm)).toEqual([
        `# token-automation ${labelOf(2)} ${second.ref}`,
        `# token-automation ${labelOf(1)} ${first.ref}`,
      ]);
      skip(!toolAvailable(reader), `${reader} is not installed`);
      const path = join(await folders.folder(), "keys");
      await writeFile(path, text);
      if (form === "openssh")
        expect(
          (await run("ssh-keygen", ["-l", "-f", path])).stdout.trim().split("\n"),
        ).toHaveLength(2);
      else
        expect((await run("openssl", ["pkey", "-pubin", "-in", path, "-pubout"])).stdout).toContain(
          second.fields.public_key?.reveal(),
        );
    },
  );

  test("are there once, even if another program wrote over them before that could be seen", async () => {
    let text: string | null = null;
    const document = {
      name: "the variable JWKS",
      read: async () => ({ text, version: text }),
      async write(written: string) {
        text = written.replace('"keys"', '"issuer": "theirs", "keys"');
        return text === written;
      },
    };
    const { ref } = await issue(
      generateIssuer({ publication: publicationOf(document, "jwks") }),
      1,
    );
    expect(JSON.parse(text ?? "")).toMatchObject({ issuer: "theirs", keys: [{ kid: ref }] });
    expect(JSON.parse(text ?? "").keys).toHaveLength(1);
  });

  test.each(["pem", "openssh"] as const)(
    "as %s remove nothing that a person wrote below them",
    async (form) => {
      const store = memoryStore();
      const { ref } = await issue(issuerOf(store, form), 1);
      const { files, version } = await store.load(["keys"]);
      const text = `${files.get("keys")}\nssh-ed25519 AAAA ada\n`;
      await store.save({ expected: version, files: new Map([["keys", text]]), message: "Theirs" });
      expect((await failureOf(issuerOf(store, form).revoke(ref ?? ""))).code).toBe(
        "not-published-here",
      );
      expect((await store.load(["keys"])).files.get("keys")).toBe(text);
    },
  );

  test.each([
    ["jwks", '{"tokens": {}}'],
    ["jwks", "no JSON"],
    ["pem", "# A README\n"],
    ["openssh", "ssh-ed25519 AAAA ada"],
  ] as const)("never take the place of something else: %s", async (form, text) => {
    const store = memoryStore({ files: new Map([["keys", text]]) });
    expect((await failureOf(issue(issuerOf(store, form), 1))).code).toBe("not-published-here");
    expect((await store.load(["keys"])).files.get("keys")).toBe(text);
  });
});
