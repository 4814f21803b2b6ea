// Every kind of scope on GitHub: the contract, its own key, its permission, missing scopes, and full ones.
import { afterEach, describe, expect, test } from "vitest";
import { destinationContract } from "../../../test/destination-contract.ts";
import { testClient } from "../../../test/github/client.ts";
import { SECRET_APPS, type SecretApp } from "../../../test/github/secret-scopes.ts";
import type { SecretScope } from "../../../test/github/secrets.ts";
import { DEFAULT_TOKEN, startGitHub, type TestGitHub } from "../../../test/github/server.ts";
import { Secret } from "../../core/base/secret.ts";
import { seal } from "../../core/credentials/seal.ts";
import { type GitHubScope, scopeId } from "../../core/model/scope.ts";
import { githubDestination } from "./github.ts";

const repository = "acme/widgets";
const REPOSITORIES = [
  { fullName: repository, environments: ["production"] },
  { fullName: "acme/gadgets" },
];

const SCOPES: readonly GitHubScope[] = [
  ...SECRET_APPS.map((kind) => ({ kind, repository })),
  { kind: "actions", repository: "acme/gadgets" },
  { kind: "environment", repository, environment: "production" },
  ...SECRET_APPS.map((app) => ({ kind: "organization" as const, organization: "acme", app })),
];
const named = SCOPES.map((scope) => [scopeId(scope), scope] as const);

/** The permissions without which that scope refuses, as GitHub names them in its reply. */
const PERMISSIONS: Readonly<Record<string, string>> = {
  "actions:acme/widgets": "secrets",
  "actions:acme/gadgets": "secrets",
  "dependabot:acme/widgets": "dependabot_secrets",
  "codespaces:acme/widgets": "codespaces_secrets",
  "agents:acme/widgets": "agents_secrets",
  "environment:acme/widgets/production": "secrets=read,environments",
  "organization:acme": "organization_secrets",
  "organization:acme/dependabot": "organization_dependabot_secrets",
  "organization:acme/codespaces": "organization_codespaces_secrets",
  "organization:acme/agents": "organization_agents_secrets",
};

const servers: TestGitHub[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function start(): Promise<TestGitHub> {
  const github = await startGitHub({ repositories: REPOSITORIES });
  servers.push(github);
  return github;
}

function stored(github: TestGitHub, scope: GitHubScope): SecretScope {
  if (scope.kind === "organization")
    return github.organization(scope.organization).secrets[scope.app];
  const found = github.repository(scope.repository);
  return scope.kind === "environment"
    ? found.environment(scope.environment)
    : found.secretsOf[scope.kind];
}

async function open(github: TestGitHub, scope: GitHubScope, token = DEFAULT_TOKEN) {
  const client = await testClient(github, { token: new Secret(token) });
  return githubDestination({ client: async () => client, scope });
}

for (const [id, scope] of named) {
  destinationContract(id, async () => {
    const github = await startGitHub({ repositories: REPOSITORIES });
    return {
      destination: await open(github, scope),
      read: async (name) => stored(github, scope).get(name)?.value ?? null,
      close: () => github.close(),
    };
  });
}

test("every scope and app has a key of its own. GitHub accepts a box for another key, and it is garbage", async () => {
  const github = await start();
  const destinations = await Promise.all(SCOPES.map((scope) => open(github, scope)));
  const keys = await Promise.all(destinations.map((destination) => destination.publicKey()));
  expect(new Set(keys.map(({ key }) => key)).size).toBe(SCOPES.length);
  expect(new Set(keys.map(({ keyId }) => keyId)).size).toBe(SCOPES.length);
  for (const [index, destination] of destinations.entries()) {
    const [own, other] = [keys[index], keys[(index + 1) % keys.length]];
    if (own === undefined || other === undefined) throw new Error("no key");
    await destination.put("OWN", await seal(new Secret("right"), own));
    await destination.put("OTHER", await seal(new Secret("wrong"), other));
  }
  expect(
    SCOPES.map((scope) => ["OWN", "OTHER"].map((name) => stored(github, scope).get(name)?.value)),
  ).toEqual(SCOPES.map(() => ["right", null]));
});

describe("a permission that is missing is named before anything is written", () => {
  test.each(named)("%s", async (id, scope) => {
    const github = await start();
    const token = `ghs_${"canary".repeat(6)}`;
    github.addToken({ token, permissions: { contents: "write" } });
    const error: unknown = await (await open(github, scope, token))
      .publicKey()
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      kind: "denied",
      code: "permission-missing",
      permission: `${PERMISSIONS[id]}=read`,
    });
    expect(error).toMatchObject({
      hint: expect.stringMatching(/^Give the token the permission [A-Z][A-Za-z :]+: write\./),
    });
    expect(JSON.stringify(error)).not.toContain("canary");
  });

  test("an environment needs both", async () => {
    const github = await start();
    github.addToken({ token: "ghs_half", permissions: { secrets: "write" } });
    const destination = await open(
      github,
      { kind: "environment", repository, environment: "production" },
      "ghs_half",
    );
    await expect(destination.publicKey()).rejects.toMatchObject({
      hint: expect.stringContaining("Secrets: write and Environments: write"),
    });
  });
});

describe("a missing scope", () => {
  const missing = { kind: "environment", repository, environment: "prodution" } as const;

  test("an environment: the message names the nearest one", async () => {
    const destination = await open(await start(), missing);
    await expect(destination.publicKey()).rejects.toMatchObject({
      kind: "misconfigured",
      code: "environment-missing",
      message: 'acme/widgets has no environment "prodution"',
      hint: expect.stringContaining("Did you mean production?"),
    });
  });

  test("an environment on the second page of the list is there, so GitHub's own answer stands", async () => {
    const github = await start();
    for (let at = 0; at < 120; at += 1) await github.repository().addEnvironment(`preview-${at}`);
    github.faults.add({
      match: { method: "GET", path: /public-key/ },
      times: 2,
      action: { kind: "status", status: 404, body: {} },
    });
    const last = { kind: "environment", repository, environment: "preview-119" } as const;
    await expect((await open(github, last)).publicKey()).rejects.toMatchObject({
      code: "permission-missing",
    });
    const misspelt = await open(github, { ...last, environment: "preview_119" });
    await expect(misspelt.publicKey()).rejects.toMatchObject({
      code: "environment-missing",
      hint: expect.stringContaining("preview-119"),
    });
  });

  test("an environment that the token may not list: GitHub's own answer stands", async () => {
    const github = await start();
    github.addToken({
      token: "ghs_narrow",
      permissions: { secrets: "write", environments: "write" },
    });
    await expect((await open(github, missing, "ghs_narrow")).publicKey()).rejects.toMatchObject({
      code: "permission-missing",
    });
  });

  test("an organization", async () => {
    const destination = await open(await start(), {
      kind: "organization",
      organization: "acne",
      app: "actions",
    });
    await expect(destination.publicKey()).rejects.toMatchObject({
      kind: "misconfigured",
      code: "organization-missing",
    });
  });

  test("an environment that disappears between the key and the put", async () => {
    const github = await start();
    const destination = await open(github, {
      kind: "environment",
      repository,
      environment: "production",
    });
    const box = await seal(new Secret("x"), await destination.publicKey());
    github.repository().removeEnvironment("production");
    await expect(destination.put("A", box)).rejects.toMatchObject({ code: "environment-missing" });
  });

  test.each(["", "a/b", "..", "a b", "acme?x"])("not a login: %j", async (organization) => {
    const github = await start();
    await expect(
      open(github, { kind: "organization", organization, app: "actions" }),
    ).rejects.toMatchObject({
      code: "organization-malformed",
    });
  });
});

describe("limits", () => {
  const fill = async (github: TestGitHub, scope: GitHubScope, count: number) => {
    const destination = await open(github, scope);
    const key = await destination.publicKey();
    const { sealed } = await seal(new Secret("x"), key);
    for (let at = 0; at < count; at += 1) {
      stored(github, scope).put(
        `FILLED_${at}`,
        { encrypted_value: sealed, key_id: key.keyId },
        new Date(),
      );
    }
    return destination;
  };
  const newcomers = (...names: string[]) =>
    names.map((name) => ({ name, isNew: true, alone: true, access: null }));
  const limited: [GitHubScope, number][] = [
    [{ kind: "environment", repository, environment: "production" }, 100],
    [{ kind: "dependabot", repository }, 100],
    [{ kind: "organization", organization: "acme", app: "actions" }, 1000],
  ];

  test.each(limited)(
    "%j: a secret that does not fit is refused before anything is written, and one that exists is not",
    async (scope, limit) => {
      const github = await start();
      const destination = await fill(github, scope, limit - 1);
      const refused = await destination.admit(newcomers("FILLED_1", "FITS", "ONE_TOO_MANY"));
      expect([...refused.keys()]).toEqual(["ONE_TOO_MANY"]);
      expect(refused.get("ONE_TOO_MANY")).toMatchObject({
        kind: "misconfigured",
        code: "scope-full",
      });
      expect(refused.get("ONE_TOO_MANY")?.message).toContain(
        `${limit - 1} of at most ${limit} exist`,
      );
    },
  );

  test("secrets that the record holds as placed cost no request, nor do Actions secrets of a repository that are alone", async () => {
    const github = await start();
    const known = [{ name: "A", isNew: false, alone: false, access: null }];
    for (const scope of SCOPES) await (await open(github, scope)).admit(known);
    await (await open(github, { kind: "actions", repository })).admit(newcomers("A", "B"));
    expect(github.requests).toEqual([]);
    await (await open(github, { kind: "dependabot", repository })).admit(newcomers("A", "B"));
    expect(github.requests).toHaveLength(1);
  });

  test("one too many of a repository's Actions secrets is known by GitHub's refusal", async () => {
    const github = await start();
    const destination = await fill(github, { kind: "actions", repository }, 100);
    const box = await seal(new Secret("x"), await destination.publicKey());
    await expect(destination.put("ONE_TOO_MANY", box)).rejects.toMatchObject({
      kind: "misconfigured",
      code: "scope-full",
    });
    await destination.put("FILLED_1", box);
  });
});

describe("who may read an organization's secret", () => {
  async function organization(app: SecretApp) {
    const github = await start();
    await github.addRepository({ fullName: "acme/gizmos" });
    const scope: GitHubScope = { kind: "organization", organization: "acme", app };
    const destination = await open(github, scope);
    const box = await seal(new Secret("new"), await destination.publicKey());
    const readers = github.organization().readers[app];
    return { github, destination, box, readers, secrets: stored(github, scope) };
  }

  describe.each(SECRET_APPS)("%s", (app) => {
    test.each([
      ["selected", [1, 3]],
      ["selected", []],
      ["all", []],
      ["private", []],
    ] as const)("%s %j is read first and sent back", async (visibility, selected) => {
      const { destination, box, readers, secrets } = await organization(app);
      secrets.put("A", { encrypted_value: box.sealed, key_id: box.keyId }, new Date());
      readers.set("A", { visibility, selected });
      const before = structuredClone(readers.get("A"));
      await destination.put("A", box);
      expect(readers.get("A")).toEqual(before);
      expect(secrets.get("A")?.value).toBe("new");
    });

    test("the declaration wins, and names become ids, each asked for once", async () => {
      const { github, destination, box, readers } = await organization(app);
      readers.set("A", { visibility: "all", selected: [] });
      github.reset();
      const access = { visibility: "selected", repositories: ["gadgets", "Widgets"] } as const;
      for (const name of ["A", "B"]) await destination.put(name, box, { access });
      expect([readers.get("A"), readers.get("B")]).toEqual([
        { visibility: "selected", selected: [2, 1] },
        { visibility: "selected", selected: [2, 1] },
      ]);
      expect(github.requests).toHaveLength(4);
    });

    test("a new secret is private unless the declaration says otherwise", async () => {
      const { destination, box, readers } = await organization(app);
      await destination.put("A", box);
      await destination.put("B", box, { access: { visibility: "all", repositories: [] } });
      expect([readers.get("A"), readers.get("B")]).toEqual([
        { visibility: "private", selected: [] },
        { visibility: "all", selected: [] },
      ]);
    });
  });

  test("a list that the token cannot see whole is not sent back short", async () => {
    const { destination, box, readers, secrets } = await organization("actions");
    secrets.put("A", { encrypted_value: box.sealed, key_id: box.keyId }, new Date());
    readers.set("A", { visibility: "selected", selected: [1, 999] });
    await expect(destination.put("A", box)).rejects.toMatchObject({
      kind: "unchanged",
      code: "repositories-unseen",
    });
    expect(readers.get("A")?.selected).toEqual([1, 999]);
  });

  test("every page of the list is read", async () => {
    const { github, destination, box, readers, secrets } = await organization("actions");
    for (let at = 0; at < 120; at += 1) await github.addRepository({ fullName: `acme/r${at}` });
    const selected = Array.from({ length: 121 }, (_, at) => at + 2);
    secrets.put("A", { encrypted_value: box.sealed, key_id: box.keyId }, new Date());
    readers.set("A", { visibility: "selected", selected });
    await destination.put("A", box);
    expect(readers.get("A")?.selected).toEqual(selected);
  });

  test("a missing repository is reported before anything is written", async () => {
    const { destination } = await organization("actions");
    const access = { visibility: "selected", repositories: ["widgets", "wodgets"] } as const;
    const refused = await destination.admit([
      { name: "A", isNew: false, alone: true, access },
      { name: "B", isNew: false, alone: true, access: null },
    ]);
    expect([...refused.keys()]).toEqual(["A"]);
    expect(refused.get("A")).toMatchObject({
      code: "repository-missing",
      message: expect.stringContaining("acme/wodgets"),
    });
  });

  test("an unreadable secret is not taken for absent", async () => {
    const { github, destination, box, readers, secrets } = await organization("actions");
    secrets.put("A", { encrypted_value: box.sealed, key_id: box.keyId }, new Date());
    readers.set("A", { visibility: "selected", selected: [1] });
    github.faults.add({
      match: { method: "GET", path: /secrets\/A$/ },
      times: 9,
      action: { kind: "status", status: 403 },
    });
    await expect(destination.put("A", box)).rejects.toMatchObject({ kind: "denied" });
    expect(readers.get("A")).toEqual({ visibility: "selected", selected: [1] });
  });
});
