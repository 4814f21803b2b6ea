// Runs over destinations of every kind: what one refuses holds back no other, and nothing that was made is lost.
import { readFileSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { useFolders } from "../../../test/folders.ts";
import { DEFAULT_TOKEN, startGitHub, type TestGitHub } from "../../../test/github/server.ts";
import { compose } from "../../compose/compose.ts";
import { Secret } from "../base/secret.ts";
import type { TokenConfig } from "../model/schema.ts";
import type { RunRequest } from "./request.ts";

const NOW = new Date("2026-03-01T00:00:00Z");
const HOUR = 3_600_000;
const PATH = "token_config.json";
const due: RunRequest = {
  wanted: { kind: "due" },
  triggeredBy: { kind: "schedule" },
  dryRun: false,
};

const servers: TestGitHub[] = [];
const folders = useFolders();
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function scenario(tokens: TokenConfig["tokens"], token = DEFAULT_TOKEN) {
  const rules = Object.fromEntries(
    Object.keys(tokens ?? {}).map((name) => [name, { interval_hours: 24 }]),
  );
  const files = { [PATH]: `${JSON.stringify({ version: 1, tokens, rules }, null, 2)}\n` };
  const github = await startGitHub({
    repositories: [
      { fullName: "acme/widgets", files, environments: ["production"] },
      { fullName: "acme/gadgets" },
      { fullName: "acme/gizmos" },
    ],
  });
  servers.push(github);
  const access = { token: new Secret(token), apiUrl: github.url, graphqlUrl: github.graphqlUrl };
  const open = (now: Date) =>
    compose({
      place: { kind: "github", repository: "acme/widgets", branch: null, access },
      configPath: PATH,
      fingerprintKey: null,
      whenMissing: "error",
      clock: () => now,
    });
  const run = async (hours = 0, request: RunRequest = due) =>
    (await open(new Date(NOW.getTime() + hours * HOUR))).run(request);
  const record = (): TokenConfig => JSON.parse(github.repository().file(PATH) ?? "null");
  return { github, repository: github.repository(), run, record };
}

const EVERYWHERE: NonNullable<TokenConfig["tokens"]> = {
  API_KEY: {
    destinations: [
      { to: "actions" },
      { to: "actions", repository: "acme/gadgets", secret: "WIDGETS_KEY" },
      { to: "environment", environment: "production" },
      { to: "organization", organization: "acme" },
      { to: "organization", organization: "acme", app: "dependabot", secret: { ORG_KEY: "value" } },
      { to: "dependabot" },
      { to: "codespaces" },
      { to: "agents" },
    ],
  },
};

test("one value reaches every kind of scope, each sealed for its own key", async () => {
  const { github, repository, run } = await scenario(EVERYWHERE);
  const report = await run();
  expect(report.tokens[0]?.destinations.map(({ id, status }) => `${status} ${id}`)).toEqual([
    "placed actions:acme/widgets:API_KEY",
    "placed actions:acme/gadgets:WIDGETS_KEY",
    "placed environment:acme/widgets/production:API_KEY",
    "placed organization:acme:API_KEY",
    "placed organization:acme/dependabot:ORG_KEY",
    "placed dependabot:acme/widgets:API_KEY",
    "placed codespaces:acme/widgets:API_KEY",
    "placed agents:acme/widgets:API_KEY",
  ]);
  const { actions, dependabot, codespaces, agents } = repository.secretsOf;
  const organization = github.organization().secrets;
  const values = [
    ...[
      actions,
      dependabot,
      codespaces,
      agents,
      repository.environment("production"),
      organization.actions,
    ].map((scope) => scope.get("API_KEY")),
    github.repository("acme/gadgets").secretsOf.actions.get("WIDGETS_KEY"),
    organization.dependabot.get("ORG_KEY"),
  ].map((secret) => secret?.value);
  expect(new Set(values).size).toBe(1);
  expect(values[0]).toMatch(/^[A-Za-z0-9]{32}$/);
});

test("what each kind costs: the first time, and then", async () => {
  const kinds = {
    actions: { to: "actions" },
    environment: { to: "environment", environment: "production" },
    dependabot: { to: "dependabot" },
    organization: { to: "organization", organization: "acme" },
    declared: { to: "organization", organization: "acme", visibility: "all" },
  } as const;
  const costs: Record<string, number[]> = {};
  for (const [kind, destination] of Object.entries(kinds)) {
    const { github, run } = await scenario({
      ONE: { destinations: [destination] },
      TWO: { destinations: [destination] },
    });
    costs[kind] = [];
    for (const hours of [0, 25]) {
      github.reset();
      expect((await run(hours)).rotated).toEqual(["ONE", "TWO"]);
      costs[kind].push(github.requests.length);
    }
  }
  // K + 4 with K = 2; one to count what is there where secrets are new; one for each secret's readers.
  expect(costs).toEqual({
    actions: [6, 6],
    environment: [7, 6],
    dependabot: [7, 6],
    organization: [9, 8],
    declared: [7, 6],
  });
});

const THREE: NonNullable<TokenConfig["tokens"]> = {
  API_KEY: {
    destinations: [
      { to: "actions" },
      { to: "environment", environment: "production" },
      { to: "dependabot" },
    ],
  },
};

test("a permission that one of three destinations lacks shows before anything is made: all three keep what they have", async () => {
  const { github, repository, run, record } = await scenario({ ...THREE, OTHER: {} }, "ghs_narrow");
  github.addToken({
    token: "ghs_narrow",
    permissions: { contents: "write", secrets: "write", environments: "write" },
  });
  const report = await run();
  expect([report.rotated, report.failed]).toEqual([["OTHER"], ["API_KEY"]]);
  expect(report.tokens.find(({ token_name }) => token_name === "API_KEY")?.error).toMatchObject({
    kind: "denied",
    code: "permission-missing",
    message: expect.stringContaining("the Dependabot secrets of acme/widgets"),
    hint: expect.stringContaining("Dependabot secrets: write"),
  });
  expect(repository.secrets()).toEqual(["OTHER"]);
  expect(repository.environment("production").list()).toEqual([]);
  expect(record().state?.tokens?.API_KEY?.pending ?? null).toBeNull();
});

test("one of three that refuses the placing holds back neither of the others, and gets the same value later", async () => {
  const { github, repository, run, record } = await scenario(THREE);
  github.faults.add({
    match: { method: "PUT", path: /dependabot/ },
    action: { kind: "status", status: 403 },
  });
  const first = await run();
  expect(first.tokens[0]?.destinations.map(({ status }) => status)).toEqual([
    "placed",
    "placed",
    "failed",
  ]);
  expect(first.tokens[0]?.destinations[2]?.error).toMatchObject({
    kind: "denied",
    hint: expect.stringContaining("Dependabot secrets: write"),
  });
  const value = repository.secret("API_KEY")?.value;
  expect(repository.secretsOf.dependabot.get("API_KEY")).toBeNull();
  const second = await run(1);
  expect(second.tokens[0]).toMatchObject({ status: "resumed", generation: 1 });
  expect(repository.secretsOf.dependabot.get("API_KEY")?.value).toBe(value);
  expect(record().state?.tokens?.API_KEY).toMatchObject({
    current: { generation: 1 },
    pending: null,
  });
});

test("an environment that disappears between plan and place is told, loses nothing, and is served when it is there again", async () => {
  const { github, repository, run, record } = await scenario(THREE);
  // A person's act while the run is at work.
  github.faults.add({
    match: { method: "PUT", path: /environments/ },
    action: { kind: "status", status: 404 },
  });
  repository.removeEnvironment("production");
  const gone = await run();
  expect(gone.tokens[0]?.error).toMatchObject({
    kind: "misconfigured",
    code: "environment-missing",
  });
  expect(repository.secrets()).toEqual([]);

  await repository.addEnvironment("production");
  const placedElsewhere = await run(1);
  expect(placedElsewhere.tokens[0]?.destinations.map(({ status }) => status)).toEqual([
    "placed",
    "failed",
    "placed",
  ]);
  const pending = record().state?.tokens?.API_KEY?.pending;
  expect(Object.keys(pending?.boxes ?? {})).toContain(
    "environment:acme/widgets/production:API_KEY",
  );
  expect((await run(2)).rotated).toEqual(["API_KEY"]);
  expect(repository.environment("production").get("API_KEY")?.value).toBe(
    repository.secret("API_KEY")?.value,
  );
});

test("an environment that is made again under the same key id gets no box that only the old one could open", async () => {
  const { github, repository, run } = await scenario(THREE);
  const before = repository.environment("production").publicKey();
  const removed = () => void repository.removeEnvironment("production");
  github.faults.add({
    match: { method: "PUT", path: /environments/ },
    action: { kind: "call", before: removed },
  });
  expect((await run()).failed).toEqual(["API_KEY"]);
  const after = (await repository.addEnvironment("production")).publicKey();
  expect([after.keyId === before.keyId, after.key === before.key]).toEqual([true, false]);
  expect((await run(1)).rotated).toEqual(["API_KEY"]);
  expect(repository.environment("production").get("API_KEY")?.value).toMatch(/^[A-Za-z0-9]{32}$/);
  expect(repository.environment("production").get("API_KEY")?.value).toBe(
    repository.secret("API_KEY")?.value,
  );
});

test("who may read an organization's secret is the same before and after rotations, for every app", async () => {
  const apps = ["actions", "dependabot", "codespaces", "agents"] as const;
  const destinations = apps.map((app) => ({
    to: "organization" as const,
    organization: "acme",
    app,
  }));
  const { github, run } = await scenario({ API_KEY: { destinations } });
  const { secrets, readers } = github.organization();
  for (const app of apps) {
    secrets[app].put(
      "API_KEY",
      { encrypted_value: "AAAA", key_id: secrets[app].publicKey().keyId },
      NOW,
    );
    readers[app].set("API_KEY", { visibility: "selected", selected: [2, 3] });
  }
  const before = apps.map((app) => structuredClone(readers[app].get("API_KEY")));
  for (const hours of [0, 25, 50]) {
    expect((await run(hours)).rotated).toEqual(["API_KEY"]);
    expect(apps.map((app) => readers[app].get("API_KEY"))).toEqual(before);
  }
  expect(new Set(apps.map((app) => secrets[app].get("API_KEY")?.value)).size).toBe(1);
});

test("a full scope refuses what is new there, before anything is made, and nothing else", async () => {
  const { repository, run } = await scenario({
    NEW: { destinations: [{ to: "dependabot" }] },
    OLD: { destinations: [{ to: "dependabot" }] },
  });
  const scope = repository.secretsOf.dependabot;
  for (let at = 0; at < 100; at += 1)
    scope.put(
      at === 0 ? "OLD" : `S${at}`,
      { encrypted_value: "AAAA", key_id: scope.publicKey().keyId },
      NOW,
    );
  const report = await run();
  expect([report.rotated, report.failed]).toEqual([["OLD"], ["NEW"]]);
  expect(report.tokens.find(({ token_name }) => token_name === "NEW")?.error).toMatchObject({
    code: "scope-full",
  });
});

test("a pair of which only one half has room among the Actions secrets is not torn, nor are two places told apart", async () => {
  const { github, repository, run, record } = await scenario({
    PAIR: {
      issuer: { use: "generate" },
      destinations: [{ to: "actions", secret: { ONE: "value", TWO: "value" } }],
    },
    BOTH: { destinations: [{ to: "dependabot" }, { to: "actions" }] },
  });
  const scope = repository.secretsOf.actions;
  for (let at = 0; at < 100; at += 1)
    scope.put(
      at === 0 ? "ONE" : `S${at}`,
      { encrypted_value: "AAAA", key_id: scope.publicKey().keyId },
      NOW,
    );
  const report = await run();
  expect(report.tokens.map(({ token_name, error }) => [token_name, error?.code])).toEqual([
    ["PAIR", "scope-full"],
    ["BOTH", "scope-full"],
  ]);
  expect(github.requests.filter(({ method }) => method === "PUT")).toEqual([]);
  expect(record().state).toBeUndefined();
});

test("a job's variable named like a secret that jobs cannot see neither proves nor blocks anything", async () => {
  const { run } = await scenario({
    HIDDEN: {
      destinations: [
        { to: "dependabot" },
        { to: "codespaces" },
        { to: "actions", repository: "acme/gadgets" },
      ],
    },
    BOTH: { destinations: [{ to: "actions" }, { to: "dependabot", secret: "ELSEWHERE" }] },
  });
  await run();
  const seen = new Map(
    ["HIDDEN", "ELSEWHERE"].map((name) => [name, new Secret("another program's value")]),
  );
  const report = await run(25, { ...due, seen });
  expect([report.drifted, report.proved, report.rotated]).toEqual([[], [], ["HIDDEN", "BOTH"]]);
});

test("files of a local record: rolled forward from the journal, where a crash left only the boxes", async () => {
  const directory = await folders.folder();
  await mkdir(join(directory, "run"));
  const tokens = {
    DB_PASSWORD: {
      type: "password",
      destinations: [
        { to: "file", path: "run" },
        { to: "file", path: "run/app.env", format: "dotenv" },
      ],
    },
  };
  const config = {
    version: 1,
    settings: { journal: "sealed" },
    tokens,
    rules: { DB_PASSWORD: { interval_hours: 24 } },
  };
  await writeFile(join(directory, PATH), JSON.stringify(config));
  const open = (clock: () => Date) =>
    compose({
      place: { kind: "local", directory, access: null, vaultKey: null },
      configPath: PATH,
      fingerprintKey: null,
      whenMissing: "error",
      clock,
    });
  // From the journal on it is so late that nothing more may be placed, as if the run had died there.
  const journalled = () =>
    readFileSync(join(directory, PATH), "utf8").includes('"stage": "sealed"');
  const late = new Date(NOW.getTime() + 10 * HOUR);
  const first = await open(() => (journalled() ? late : NOW)).then((app) => app.run(due));
  expect(first.tokens[0]).toMatchObject({ status: "failed", error: { code: "lease-over" } });
  expect(await readdir(join(directory, "run"))).toEqual([]);
  const second = await open(() => new Date(late.getTime() + 10 * HOUR)).then((app) => app.run(due));
  expect(second.tokens[0]).toMatchObject({ status: "resumed", generation: 1 });
  const value = await readFile(join(directory, "run/DB_PASSWORD"), "utf8");
  expect(value).toHaveLength(24);
  expect(await readFile(join(directory, "run/app.env"), "utf8")).toContain(
    `DB_PASSWORD=${value}\n`,
  );
  expect(await readFile(join(directory, PATH), "utf8")).not.toContain(value);
});
