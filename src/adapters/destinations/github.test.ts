import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { destinationContract } from "../../../test/destination-contract.ts";
import { testClient } from "../../../test/github/client.ts";
import {
  DEFAULT_REPOSITORY,
  DEFAULT_TOKEN,
  startGitHub,
  type TestGitHub,
} from "../../../test/github/server.ts";
import { Secret } from "../../core/base/secret.ts";
import { seal } from "../../core/credentials/seal.ts";
import { githubDestination } from "./github.ts";

const ACTIONS = { kind: "actions", repository: DEFAULT_REPOSITORY } as const;
const SECRETS = "/repos/acme/widgets/actions/secrets";

destinationContract("Actions secrets of a repository", async () => {
  const github = await startGitHub();
  const client = await testClient(github);
  return {
    destination: githubDestination({ client: async () => client, scope: ACTIONS }),
    read: async (name) => github.repository().secret(name)?.value ?? null,
    close: () => github.close(),
  };
});

describe("the Actions destination", () => {
  let github: TestGitHub;
  beforeEach(async () => {
    github = await startGitHub();
  });
  afterEach(async () => {
    await github.close();
  });

  function destinationWith(token = DEFAULT_TOKEN, repository: string = DEFAULT_REPOSITORY) {
    return githubDestination({
      client: () => testClient(github, { token: new Secret(token) }),
      scope: { kind: "actions", repository },
    });
  }
  const asked = () =>
    github.requests.map(
      ({ method, path, query }) => `${method} ${path}${query === "" ? "" : `?${query}`}`,
    );

  test("K secrets cost K + 1 requests, the key is fetched once", async () => {
    const client = await testClient(github);
    const destination = githubDestination({ client: async () => client, scope: ACTIONS });
    const keys = await Promise.all([destination.publicKey(), destination.publicKey()]);
    for (const [index, key] of keys.entries())
      await destination.put(`TOKEN_${index}`, await seal(new Secret("x"), key));
    expect(asked()).toEqual([
      `GET ${SECRETS}/public-key`,
      `PUT ${SECRETS}/TOKEN_0`,
      `PUT ${SECRETS}/TOKEN_1`,
    ]);
  });

  test("a key that could not be fetched is asked for again", async () => {
    github.faults.add({
      match: { path: `${SECRETS}/public-key` },
      action: { kind: "status", status: 404 },
    });
    const destination = destinationWith();
    await expect(destination.publicKey()).rejects.toMatchObject({ kind: "denied" });
    expect((await destination.publicKey()).keyId).toBe(github.repository().publicKey().keyId);
  });

  test("a client that could not be made is made again", async () => {
    let attempts = 0;
    const client = async () => {
      attempts += 1;
      if (attempts === 1) throw new Error("not yet");
      return testClient(github);
    };
    const destination = githubDestination({ client, scope: ACTIONS });
    await expect(destination.publicKey()).rejects.toThrow("not yet");
    expect((await destination.publicKey()).key).toBe(github.repository().publicKey().key);
  });

  test("when the scope's key was replaced, the old box is refused and the new key is fetched", async () => {
    const client = await testClient(github);
    const destination = githubDestination({ client: async () => client, scope: ACTIONS });
    const box = await seal(new Secret("x"), await destination.publicKey());
    github.repository().rotateKey();
    await expect(destination.put("A", box)).rejects.toMatchObject({
      kind: "misconfigured",
      code: "request-refused",
    });
    await destination.put("A", await seal(new Secret("y"), await destination.publicKey()));
    expect(github.repository().secret("A")?.value).toBe("y");
  });

  test("a put whose time is over ends, and is not sent again", async () => {
    const destination = destinationWith();
    const box = await seal(new Secret("x"), await destination.publicKey());
    github.reset();
    github.faults.add({ match: { method: "PUT" }, times: 9, action: { kind: "hang" } });
    await expect(
      destination.put("A", box, { signal: AbortSignal.timeout(20) }),
    ).rejects.toMatchObject({
      kind: "uncertain",
      code: "cancelled",
    });
    expect(asked()).toEqual([`PUT ${SECRETS}/A`]);
    await expect(destination.put("A", box, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "cancelled",
    });
    expect(asked()).toHaveLength(1);
  });

  test("every page is read", async () => {
    const names = Array.from(
      { length: 100 },
      (_, index) => `TOKEN_${String(index).padStart(3, "0")}`,
    );
    const client = await testClient(github);
    const destination = githubDestination({ client: async () => client, scope: ACTIONS });
    const box = await seal(new Secret("x"), await destination.publicKey());
    // Past the pace of one minute's writes, so with clients of their own.
    const halves = [names.slice(0, 50), names.slice(50)];
    for (const half of halves) {
      const own = await testClient(github);
      const writer = githubDestination({ client: async () => own, scope: ACTIONS });
      await Promise.all(half.map((name) => writer.put(name, box)));
    }
    // A server may give fewer a page than were asked for.
    const fewer: typeof fetch = (input, init) =>
      fetch(String(input).replace("per_page=100", "per_page=30"), init);
    const paged = await testClient(github, { fetch: fewer });
    github.reset();
    const listed = await githubDestination({ client: async () => paged, scope: ACTIONS }).list();
    expect(listed.map(({ name }) => name)).toEqual(names);
    expect(github.requests).toHaveLength(4);
    expect((await destination.list()).map(({ name }) => name)).toEqual(names);
    expect(github.requests).toHaveLength(5);
  });

  test.each(["apply-then-cut", "cut", "half"] as const)(
    "a put whose reply was lost (%s) is sent again, and happens once",
    async (kind) => {
      const destination = destinationWith();
      const box = await seal(new Secret("value"), await destination.publicKey());
      github.faults.add({ match: { method: "PUT" }, action: { kind } });
      await destination.put("A", box);
      expect([github.repository().secrets(), github.repository().secret("A")?.value]).toEqual([
        ["A"],
        "value",
      ]);
    },
  );

  describe("refused", () => {
    const cases = [
      ["a workflow's GITHUB_TOKEN", { kind: "github_token" as const }],
      ["an App without the permission", { permissions: { contents: "write" as const } }],
      [
        "a fine-grained token without it",
        { kind: "pat" as const, permissions: { contents: "write" as const } },
      ],
    ] as const;

    test.each(cases)(
      "%s: the permission is named, for the key, the put and the list",
      async (_, setup) => {
        const token = `ghs_${"canary".repeat(6)}`;
        github.addToken({ token, ...setup });
        const destination = destinationWith(token);
        const box = await seal(new Secret("x"), {
          keyId: "1",
          key: github.repository().publicKey().key,
        });
        for (const [attempt, permission] of [
          [() => destination.publicKey(), "secrets=read"],
          [() => destination.put("A", box), "secrets=write"],
          [() => destination.list(), "secrets=read"],
        ] as const) {
          const error: unknown = await attempt().catch((thrown: unknown) => thrown);
          expect(error).toMatchObject({ kind: "denied", code: "permission-missing", permission });
          expect(error).toMatchObject({
            hint: expect.stringMatching(
              /Secrets: (write|read)\. A workflow's GITHUB_TOKEN can never have it/,
            ),
          });
          expect(
            inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error),
          ).not.toContain("canary");
        }
        expect(github.repository().secrets()).toEqual([]);
      },
    );

    test("a repository that is not there", async () => {
      await expect(
        destinationWith(DEFAULT_TOKEN, "acme/gadgets").publicKey(),
      ).rejects.toMatchObject({
        kind: "denied",
        message:
          "could not read the public key of the secrets of acme/gadgets: GitHub answered 404",
        hint: expect.stringContaining(
          "Check the repository's name. If it exists, the token cannot see it. Give the token the permission Secrets: write.",
        ),
      });
    });

    test("a repository that was archived, before the key is read or after: no permission would help", async () => {
      const body = { message: "Repository was archived so is read-only." };
      const refuse = (method: string) =>
        github.faults.add({ match: { method }, action: { kind: "status", status: 403, body } });
      const destination = destinationWith();
      const refused = {
        kind: "misconfigured",
        code: "repository-archived",
        hint: expect.stringContaining("Unarchive it"),
      };
      refuse("GET");
      await expect(destination.publicKey()).rejects.toMatchObject(refused);
      const box = await seal(new Secret("x"), await destination.publicKey());
      refuse("PUT");
      await expect(destination.put("A", box)).rejects.toMatchObject(refused);
    });

    test("a token that was revoked", async () => {
      github.revokeToken(DEFAULT_TOKEN);
      await expect(destinationWith().publicKey()).rejects.toMatchObject({
        kind: "denied",
        code: "token-refused",
      });
    });

    test.each(["GITHUB_X", "A-B", "1A"])("a name that GitHub does not accept: %s", async (name) => {
      const destination = destinationWith();
      const box = await seal(new Secret("x"), await destination.publicKey());
      await expect(destination.put(name, box)).rejects.toMatchObject({
        kind: "misconfigured",
        code: "request-refused",
      });
      expect(github.repository().secrets()).toEqual([]);
    });

    test.each(["acme", "acme/", "a/b/c", "../x", "acme/..", "a b/c", "acme/x?y"])(
      "not a repository: %j",
      (repository) => {
        expect(() => destinationWith(DEFAULT_TOKEN, repository)).toThrow(
          expect.objectContaining({ kind: "misconfigured", code: "repository-malformed" }),
        );
      },
    );
  });
});

test("a server that is not GitHub's API is reported as such, and its answers are no key and no placement", async () => {
  const github = await startGitHub();
  try {
    const destination = githubDestination({ client: () => testClient(github), scope: ACTIONS });
    const page = {
      kind: "status",
      status: 200,
      body: "<html>Sign in</html>",
      headers: { "content-type": "text/html" },
    } as const;
    github.excuse(/^the reply 200 to GET \S+\/public-key: body: must be object$/);
    github.excuse(/^the reply 200 to PUT \S+\/ALPHA: a status that GitHub does not describe$/);
    github.faults.add({ match: { path: /public-key$/ }, action: page });
    await expect(destination.publicKey()).rejects.toMatchObject({
      kind: "unchanged",
      code: "not-github",
    });
    const box = await seal(new Secret("canary-2f1c"), await destination.publicKey());
    github.faults.add({ match: { method: "PUT" }, action: page });
    await expect(destination.put("ALPHA", box)).rejects.toMatchObject({
      kind: "unchanged",
      code: "not-github",
    });
    expect(github.repository().secrets()).toEqual([]);
  } finally {
    await github.close();
  }
});
