// Discovery of undeclared secrets on the tests' GitHub, and their declaration without touching them.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { SecretScope } from "../../../test/github/secrets.ts";
import { DEFAULT_TOKEN, startGitHub, type TestGitHub } from "../../../test/github/server.ts";
import { entriesIn } from "../../../test/record-history.ts";
import { compose } from "../../compose/compose.ts";
import { Secret } from "../base/secret.ts";
import type { TokenConfig } from "../model/schema.ts";

const NOW = new Date("2026-03-01T00:00:00Z");
const PATH = "token_config.json";
const by = { kind: "cli" } as const;

const CONFIG: TokenConfig = {
  version: 1,
  tokens: {
    DECLARED: { destinations: [{ to: "actions" }, { to: "dependabot" }] },
    SHARED: { destinations: [{ to: "organization", organization: "acme" }] },
    DEPLOY: { destinations: [{ to: "environment", environment: "Production" }] },
  },
};

let github: TestGitHub;
beforeEach(async () => {
  github = await startGitHub({
    now: () => NOW,
    repositories: [
      {
        fullName: "acme/widgets",
        files: { [PATH]: JSON.stringify(CONFIG) },
        environments: ["production", "staging"],
      },
      { fullName: "acme/gadgets" },
    ],
  });
});
afterEach(() => github.close());

const open = (token = DEFAULT_TOKEN) =>
  compose({
    place: {
      kind: "github",
      repository: "acme/widgets",
      branch: null,
      access: { token: new Secret(token), apiUrl: github.url, graphqlUrl: github.graphqlUrl },
    },
    configPath: PATH,
    fingerprintKey: null,
    whenMissing: "error",
    clock: () => NOW,
  });
const history = () => entriesIn(github.repository().files());
const record = (): TokenConfig => JSON.parse(github.repository().file(PATH) ?? "null");
const fill = (scope: SecretScope, ...names: string[]) => {
  for (const name of names)
    scope.put(name, { encrypted_value: "AAAA", key_id: scope.publicKey().keyId }, NOW);
};
const scopesOf = () => {
  const repository = github.repository();
  const { secrets, readers } = github.organization();
  return {
    ...repository.secretsOf,
    production: repository.environment("production"),
    staging: repository.environment("staging"),
    organization: secrets,
    readers,
  };
};

describe("discover", () => {
  test("an empty repository: everything declared is missing, and every scope was listed", async () => {
    expect(await (await open()).discover()).toEqual({
      repository: "acme/widgets",
      scopes: [
        "actions:acme/widgets",
        "dependabot:acme/widgets",
        "environment:acme/widgets/production",
        "codespaces:acme/widgets",
        "agents:acme/widgets",
        "environment:acme/widgets/staging",
        "organization:acme/dependabot",
        "organization:acme/codespaces",
        "organization:acme",
        "organization:acme/agents",
      ].map((scope) => ({ scope, secrets: [] })),
      not_listed: [],
      undeclared: [],
      missing: [
        { id: "actions:acme/widgets:DECLARED", token_name: "DECLARED", placed: false },
        { id: "dependabot:acme/widgets:DECLARED", token_name: "DECLARED", placed: false },
        { id: "organization:acme:SHARED", token_name: "SHARED", placed: false },
        { id: "environment:acme/widgets/Production:DEPLOY", token_name: "DEPLOY", placed: false },
      ],
      shadowed: [],
      invisible_to_dependabot: [],
    });
  });

  test("reports what is undeclared, what hides what, and what Dependabot does not get; changes nothing", async () => {
    const { actions, dependabot, codespaces, agents, production, staging, organization, readers } =
      scopesOf();
    fill(actions, "DECLARED", "API_KEY", "ONLY_ACTIONS");
    fill(dependabot, "DECLARED", "API_KEY");
    fill(codespaces, "EDITOR");
    fill(agents, "COPILOT_MCP_KEY");
    fill(production, "DEPLOY", "API_KEY");
    fill(staging, "DECLARED");
    fill(organization.actions, "SHARED", "API_KEY", "SECRET_OF_OTHERS");
    fill(organization.dependabot, "ONLY_ORGANIZATION");
    readers.actions.set("SECRET_OF_OTHERS", { visibility: "selected", selected: [2] });
    const before = github.repository().head();
    const found = await (await open()).discover();
    const { undeclared, missing, shadowed, invisible_to_dependabot, not_listed } = found;
    expect({ undeclared, missing, shadowed, invisible_to_dependabot, not_listed }).toEqual({
      undeclared: [
        "actions:acme/widgets:API_KEY",
        "actions:acme/widgets:ONLY_ACTIONS",
        "dependabot:acme/widgets:API_KEY",
        "environment:acme/widgets/production:API_KEY",
        "codespaces:acme/widgets:EDITOR",
        "agents:acme/widgets:COPILOT_MCP_KEY",
        "environment:acme/widgets/staging:DECLARED",
        "organization:acme/dependabot:ONLY_ORGANIZATION",
        "organization:acme:API_KEY",
      ],
      missing: [],
      shadowed: [
        {
          name: "API_KEY",
          read: "environment:acme/widgets/production:API_KEY",
          hidden: ["actions:acme/widgets:API_KEY", "organization:acme:API_KEY"],
        },
        {
          name: "DECLARED",
          read: "environment:acme/widgets/staging:DECLARED",
          hidden: ["actions:acme/widgets:DECLARED"],
        },
        {
          name: "API_KEY",
          read: "actions:acme/widgets:API_KEY",
          hidden: ["organization:acme:API_KEY"],
        },
      ],
      invisible_to_dependabot: ["DEPLOY", "ONLY_ACTIONS", "SHARED"],
      not_listed: [],
    });
    expect(found.scopes[0]?.secrets[0]).toEqual({
      id: "actions:acme/widgets:API_KEY",
      name: "API_KEY",
      updated_at: "2026-03-01T00:00:00Z",
      token_name: null,
    });
    expect(github.repository().head()).toBe(before);
    expect(
      github.requests.filter(({ method, operation }) => method !== "GET" && operation !== "query"),
    ).toEqual([]);
  });

  test("what was placed and is gone is told apart from what was never placed", async () => {
    const app = await open();
    await app.run({
      wanted: { kind: "tokens", names: ["DECLARED"], value: null, create: false },
      triggeredBy: by,
      dryRun: false,
    });
    github.repository().secretsOf.dependabot.remove("DECLARED");
    expect((await app.discover()).missing.filter(({ placed }) => placed)).toEqual([
      { id: "dependabot:acme/widgets:DECLARED", token_name: "DECLARED", placed: true },
    ]);
  });

  test("what may not be listed is said, and nothing is concluded from it", async () => {
    github.addToken({ token: "ghs_narrow", permissions: { contents: "read", secrets: "read" } });
    const { actions, dependabot } = scopesOf();
    fill(actions, "API_KEY");
    fill(dependabot, "HIDDEN");
    const found = await (await open("ghs_narrow")).discover();
    expect(found.not_listed.map(({ scope, code }) => `${scope} ${code}`).toSorted()).toEqual(
      [
        "agents:acme/widgets",
        "codespaces:acme/widgets",
        "dependabot:acme/widgets",
        "environment:acme/widgets",
        "environment:acme/widgets/Production",
        "organization:acme",
        "organization:acme/agents",
        "organization:acme/codespaces",
        "organization:acme/dependabot",
      ].map((scope) => `${scope} permission-missing`),
    );
    expect(found.undeclared).toEqual(["actions:acme/widgets:API_KEY"]);
    expect(found.missing.map(({ id }) => id)).toEqual(["actions:acme/widgets:DECLARED"]);
    expect(found.invisible_to_dependabot).toBeNull();
  });
});

test.each([["dependabot_secrets"], ["organization_dependabot_secrets"], ["secrets"]] as const)(
  "what Dependabot's runs do not get is not told without all lists: no %s",
  async (lacking) => {
    const permissions = {
      contents: "read",
      actions: "read",
      secrets: "read",
      dependabot_secrets: "read",
    } as const;
    const all = { ...permissions, organization_dependabot_secrets: "read" } as const;
    const { [lacking]: _, ...rest } = all;
    github.addToken({ token: "ghs_all", permissions: all });
    github.addToken({ token: "ghs_narrow", permissions: rest });
    fill(scopesOf().actions, "API_KEY");
    expect((await (await open("ghs_all")).discover()).invisible_to_dependabot).toEqual(["API_KEY"]);
    expect((await (await open("ghs_narrow")).discover()).invisible_to_dependabot).toBeNull();
  },
);

test("another organization's secrets are no matter of what this repository's jobs get", async () => {
  await github.addRepository({ fullName: "other/tools" });
  fill(scopesOf().actions, "API_KEY");
  const elsewhere = { to: "organization", organization: "other" } as const;
  const tokens = {
    ONE: { destinations: [elsewhere] },
    TWO: { destinations: [{ ...elsewhere, app: "dependabot" }] },
  };
  github.repository().commit({ [PATH]: JSON.stringify({ version: 1, tokens }) }, "Declare");
  const other = github.organization("other").secrets;
  fill(other.actions, "ONE");
  fill(other.dependabot, "API_KEY");
  expect((await (await open()).discover()).invisible_to_dependabot).toEqual(["API_KEY"]);
});

test("a person's own repository has no organization, and none is asked for", async () => {
  const owner = { owner: { login: "acme", type: "User" } };
  github.faults.add({
    match: { path: "/repos/acme/widgets" },
    action: { kind: "status", status: 200, body: owner },
  });
  const { scopes, not_listed } = await (await open()).discover();
  // One is declared: that it cannot be there is told when it is placed.
  expect(
    scopes.map(({ scope }) => scope).filter((scope) => scope.startsWith("organization:")),
  ).toEqual(["organization:acme"]);
  expect(not_listed).toEqual([]);
  expect(github.requests.filter(({ path }) => path.includes("organization-secrets"))).toEqual([]);
});

describe("adopt", () => {
  const adopt = async (tokenName: string, how: { at?: string[]; everywhere?: boolean } = {}) =>
    (await open()).adopt({
      tokenName,
      at: how.at ?? [],
      everywhere: how.everywhere ?? false,
      triggeredBy: by,
    });

  test("declares what is found; nothing rotates it, on schedule or by name, until a person hands in a value", async () => {
    const { actions } = scopesOf();
    fill(actions, "API_KEY");
    expect(await adopt("api_key")).toMatchObject({
      token_name: "API_KEY",
      destinations: ["actions:acme/widgets:API_KEY"],
    });
    expect(record().tokens?.API_KEY).toEqual({
      type: "custom",
      issuer: { use: "manual" },
      destinations: [{ to: "actions" }],
    });
    expect(record().state?.tokens?.API_KEY).toMatchObject({
      current: null,
      pending: null,
      adopted: { at: expect.any(String) },
    });
    expect(history().at(-1)).toMatchObject({
      event: "adopted",
      token_name: "API_KEY",
      triggered_by: by,
    });
    const app = await open();
    expect((await app.health()).tokens.find(({ name }) => name === "API_KEY")).toMatchObject({
      status: "never_rotated",
      next_due: null,
    });
    await app.setupRule({
      tokenName: "API_KEY",
      intervalHours: 24,
      autoRotate: true,
      notify: true,
      create: false,
      triggeredBy: by,
    });
    const seen = new Map([["API_KEY", new Secret("what the job sees of it")]]);
    const due = await app.run({
      wanted: { kind: "due" },
      triggeredBy: { kind: "schedule" },
      dryRun: false,
      seen,
    });
    expect(due.rotated).not.toContain("API_KEY");
    expect(due.drifted).toEqual([]);
    const named = await app.run({
      wanted: { kind: "tokens", names: ["API_KEY"], value: null, create: false },
      triggeredBy: by,
      dryRun: false,
    });
    expect(named.rotated).toEqual([]);
    expect(actions.get("API_KEY")?.updatedAt).toEqual(NOW);
    expect(actions.get("API_KEY")?.value).toBeNull();
    const handed = await app.run({
      wanted: {
        kind: "tokens",
        names: ["API_KEY"],
        value: new Secret("handed-in-by-a-person"),
        create: false,
      },
      triggeredBy: by,
      dryRun: false,
    });
    expect(handed.rotated).toEqual(["API_KEY"]);
    expect(actions.get("API_KEY")?.value).toBe("handed-in-by-a-person");
  });

  test("several places are not taken for one value unless the caller says so", async () => {
    const { actions, production, organization } = scopesOf();
    fill(actions, "API_KEY");
    fill(production, "API_KEY");
    fill(organization.dependabot, "API_KEY");
    await expect(adopt("API_KEY")).rejects.toMatchObject({
      code: "several-found",
      hint: expect.stringContaining("--at actions:acme/widgets:API_KEY"),
    });
    await expect(adopt("API_KEY", { at: ["actions:acme/gadgets:API_KEY"] })).rejects.toMatchObject({
      code: "not-found-there",
    });
    expect(record().tokens?.API_KEY).toBeUndefined();
    await adopt("API_KEY", { everywhere: true });
    expect(record().tokens?.API_KEY?.destinations).toEqual([
      { to: "actions" },
      { to: "environment", environment: "production" },
      { to: "organization", organization: "acme", app: "dependabot" },
    ]);
  });

  test("what is declared, or is not there, is refused with the nearest name", async () => {
    const { actions } = scopesOf();
    fill(actions, "API_KEY", "DECLARED");
    await expect(adopt("declared")).rejects.toMatchObject({ code: "already-declared" });
    await expect(adopt("API_KEI")).rejects.toMatchObject({
      code: "secret-missing",
      hint: expect.stringContaining("Did you mean API_KEY?"),
    });
  });
});
