// Key pairs in whole runs. The public key is there before the private one is used, and stays as long as the old one may be.
import { createLocalJWKSet, importJWK, importPKCS8, type JWK, jwtVerify, SignJWT } from "jose";
import { describe, expect, test } from "vitest";
import { useFolders } from "../../../test/folders.ts";
import { recordsOnGitHub } from "../../../test/record-on-github.ts";
import { compose } from "../../compose/compose.ts";
import { Secret } from "../../core/base/secret.ts";

const recordOnGitHub = recordsOnGitHub();
const folders = useFolders();
const HOUR_MS = 3_600_000;
const rotate = {
  wanted: { kind: "tokens", names: ["ALPHA"], value: null, create: false },
  dryRun: false,
  triggeredBy: { kind: "cli" },
} as const;
const due = { wanted: { kind: "due" }, dryRun: false, triggeredBy: { kind: "schedule" } } as const;
const JWKS = "keys/jwks.json";

const declared = (publish: object, more: object = {}) => ({
  version: 1,
  tokens: {
    ALPHA: {
      type: "key_pair",
      issuer: { use: "generate", format: "jwk", publish },
      overlap_hours: 2,
      ...more,
    },
  },
});

/** A consumer's work: it signs with the secret, and a reader of the set verifies that. */
async function verifies(
  privateKey: string | null | undefined,
  set: string | null | undefined,
): Promise<boolean> {
  const jwk: JWK = JSON.parse(privateKey ?? "{}");
  const signed = await new SignJWT({})
    .setProtectedHeader({ alg: jwk.alg ?? "", kid: jwk.kid ?? "" })
    .sign(await importJWK(jwk));
  return jwtVerify(signed, createLocalJWKSet(JSON.parse(set ?? '{"keys":[]}'))).then(
    () => true,
    () => false,
  );
}

const kidsOf = (set: string | null | undefined): string[] =>
  JSON.parse(set ?? '{"keys":[]}').keys.map(({ kid }: JWK) => kid);

describe("a JWKS in a file of the record's repository", () => {
  test("verifies what either key signs until the overlap is over, at every commit and write on the way", async () => {
    const { open, repository, github, passed, state } = await recordOnGitHub(
      declared({ to: "file", path: JWKS }),
    );
    await (await open()).run(rotate);
    const first = repository.secret("ALPHA")?.value;
    expect(await verifies(first, repository.file(JWKS))).toBe(true);

    const seen: boolean[] = [];
    const look = async () =>
      void seen.push(await verifies(repository.secret("ALPHA")?.value, repository.file(JWKS)));
    const match = { method: "PUT", path: /secrets/ };
    github.faults.add({ match, action: { kind: "call", before: look, after: look } });
    passed(HOUR_MS);
    expect((await (await open()).run(rotate)).rotated).toEqual(["ALPHA"]);
    const second = repository.secret("ALPHA")?.value;
    expect(second).not.toBe(first);
    expect(seen).toEqual([true, true]);
    expect([
      await verifies(first, repository.file(JWKS)),
      await verifies(second, repository.file(JWKS)),
    ]).toEqual([true, true]);

    passed(2 * HOUR_MS);
    expect((await (await open()).run(due)).revoked).toEqual([]);
    passed(4 * HOUR_MS);
    expect((await (await open()).run(due)).revoked).toEqual(["ALPHA"]);
    expect([
      await verifies(first, repository.file(JWKS)),
      await verifies(second, repository.file(JWKS)),
    ]).toEqual([false, true]);
    expect(kidsOf(repository.file(JWKS))).toEqual([state()?.current?.ref]);
    const { d } = JSON.parse(second ?? "{}");
    expect(d).toMatch(/^[\w-]{43}$/);
    expect(
      JSON.stringify(repository.history(JWKS)) +
        JSON.stringify(repository.history("token_config.json")),
    ).not.toContain(d);
  });

  test("is merged with what another program commits at the same moment", async () => {
    const { open, repository, github } = await recordOnGitHub(declared({ to: "file", path: JWKS }));
    const theirs = JSON.stringify({ keys: [{ kty: "oct", kid: "theirs" }] });
    const action = {
      kind: "call",
      before: () => void repository.commit({ [JWKS]: theirs }, "Add a key by hand"),
    } as const;
    // The first mutation announces, the second publishes.
    github.faults.add({ match: { graphql: "mutation", nth: 2 }, action });
    expect((await (await open()).run(rotate)).rotated).toEqual(["ALPHA"]);
    expect(kidsOf(repository.file(JWKS))).toEqual([
      JSON.parse(repository.secret("ALPHA")?.value ?? "{}").kid,
      "theirs",
    ]);
  });

  test("loses the key that a run published and could not place: the old key stays, and the next run withdraws the orphan", async () => {
    const { open, repository, github, passed, state } = await recordOnGitHub(
      declared({ to: "file", path: JWKS }),
    );
    await (await open()).run(rotate);
    const first = repository.secret("ALPHA")?.value;
    const ref = state()?.current?.ref;
    passed(HOUR_MS);
    // The first mutation announces. The second publishes, and from then on GitHub is gone.
    const gone = () =>
      github.faults.add({
        match: { path: "/graphql" },
        times: 100,
        action: { kind: "status", status: 502 },
      });
    github.faults.add({
      match: { graphql: "mutation", nth: 2 },
      action: { kind: "call", after: () => void gone() },
    });
    expect((await (await open()).run(rotate)).rotated).toEqual([]);
    github.faults.clear();
    expect(repository.secret("ALPHA")?.value).toBe(first);
    expect(await verifies(first, repository.file(JWKS))).toBe(true);
    passed(30 * HOUR_MS);
    const orphan = kidsOf(repository.file(JWKS))[0];
    expect((await (await open()).run(due)).rotated).toEqual(["ALPHA"]);
    expect(state()?.current?.ref).not.toBe(orphan);
    expect(kidsOf(repository.file(JWKS))).toEqual([state()?.current?.ref, ref]);
  });
});

test("a JWKS in a variable is kept likewise. After a lost reply the run looks at it, and nothing is left over", async () => {
  const { open, repository, github, passed, state } = await recordOnGitHub(
    declared({ to: "variable", name: "JWKS" }, { overlap_hours: 0 }),
  );
  const published = () => repository.variables.get("JWKS");
  await (await open()).run(rotate);
  const first = repository.secret("ALPHA")?.value;
  expect(await verifies(first, published())).toBe(true);
  passed(HOUR_MS);
  github.faults.add({
    match: { method: "PATCH", path: /variables/ },
    action: { kind: "apply-then-cut" },
  });
  expect((await (await open()).run(rotate)).tokens).toMatchObject([
    { status: "failed", error: { kind: "uncertain" } },
  ]);
  expect(kidsOf(published())).toHaveLength(2);
  expect(repository.secret("ALPHA")?.value).toBe(first);
  passed(2 * HOUR_MS);
  await (await open()).run(due);
  expect(kidsOf(published())).toEqual([state()?.current?.ref]);
  expect(await verifies(first, published())).toBe(true);
});

test("a local record publishes a file too, and commits it", async () => {
  const { directory, git, write } = await folders.repository();
  await write(
    "token_config.json",
    JSON.stringify(declared({ to: "file", path: ".well-known/jwks.json" })),
  );
  const place = { kind: "local", directory, access: null, vaultKey: null } as const;
  const app = await compose({
    place,
    configPath: "token_config.json",
    fingerprintKey: null,
    whenMissing: "error",
  });
  expect((await app.run(rotate)).rotated).toEqual(["ALPHA"]);
  const log = await git("log", "--format=%s", "--", ".well-known/jwks.json");
  expect(log.trim()).toMatch(/^token-automation: publish the public key .*\/ALPHA\/g1$/);
  expect(kidsOf(await git("show", "HEAD:.well-known/jwks.json"))).toHaveLength(1);
});

test("a private key without anything published is PEM that others read, and leaves nothing to revoke", async () => {
  const { open, repository, state } = await recordOnGitHub({
    version: 1,
    tokens: { ALPHA: { type: "key_pair" } },
  });
  await (await open()).run(rotate);
  const value = repository.secret("ALPHA")?.value ?? "";
  expect(value.endsWith("-----END PRIVATE KEY-----\n")).toBe(true);
  expect((await importPKCS8(value, "EdDSA")).type).toBe("private");
  expect(state()?.current).toMatchObject({
    ref: null,
    fingerprint: expect.stringMatching(/^sha256:/),
  });
  // One commit announces nothing: journal and record alone.
  expect(repository.commits()).toHaveLength(3);
  expect((await (await open({ fingerprintKey: new Secret("k") })).run(due)).failed).toEqual([]);
});
