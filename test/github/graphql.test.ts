// The tests' GitHub over GraphQL: reads, createCommitOnBranch, and the errors GitHub gives.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Octokit } from "@octokit/rest";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { toolAvailable } from "../require-tool.ts";
import { DEFAULT_TOKEN, startGitHub, type TestGitHub } from "./server.ts";

const READER = `ghs_${"R".repeat(36)}`;
const BLIND = `ghs_${"B".repeat(36)}`;
const NOW = new Date("2027-03-01T12:00:00Z");

const COMMIT = `mutation ($input: CreateCommitOnBranchInput!) {
  createCommitOnBranch(input: $input) { clientMutationId commit { oid url message } ref { name target { oid } } }
}`;

let github: TestGitHub;
beforeEach(async () => {
  github = await startGitHub({
    now: () => NOW,
    repositories: [{ fullName: "acme/widgets", files: { "a.json": "{}\n", "old.txt": "old\n" } }],
    tokens: [
      { token: DEFAULT_TOKEN },
      { token: READER, permissions: { contents: "read" } },
      { token: BLIND, permissions: {} },
    ],
  });
});
afterEach(() => github.close());

async function ask(query: string, variables: object = {}, token = DEFAULT_TOKEN) {
  const headers = { authorization: `bearer ${token}`, "content-type": "application/json" };
  const reply = await fetch(github.graphqlUrl, {
    method: "POST",
    headers,
    body: JSON.stringify({ query, variables }),
  });
  return { ...(await reply.json()), status: reply.status };
}

const repository = (fields: string) =>
  `query { repository(owner: "acme", name: "widgets") { ${fields} } }`;

function commitInput(changes: object = {}) {
  return {
    branch: { repositoryNameWithOwner: "acme/widgets", branchName: "main" },
    expectedHeadOid: github.repository().head(),
    message: { headline: "Record", body: "Two files" },
    fileChanges: {
      additions: [{ path: "a.json", contents: Buffer.from('{"é":1}\n').toString("base64") }],
      deletions: [{ path: "old.txt" }],
    },
    clientMutationId: "once",
    ...changes,
  };
}
const commit = (changes: object = {}, token = DEFAULT_TOKEN) =>
  ask(COMMIT, { input: commitInput(changes) }, token);

describe("reading", () => {
  test("the record's file, its version and who can see it come in one request", async () => {
    const fields = `isPrivate visibility defaultBranchRef { name target { oid ... on Commit { history(first: 1) { totalCount nodes { message } } } } }
      there: object(expression: "main:a.json") { ... on Blob { text byteSize isTruncated isBinary } } not: object(expression: "main:b.json") { oid }`;
    for (const [prefix, path] of [
      ["", "/graphql"],
      ["/api/v3", "/graphql"],
    ]) {
      const octokit = new Octokit({ auth: DEFAULT_TOKEN, baseUrl: github.url + prefix });
      expect(await octokit.graphql(repository(fields))).toEqual({
        repository: {
          isPrivate: true,
          visibility: "PRIVATE",
          defaultBranchRef: {
            name: "main",
            target: {
              oid: github.repository().head(),
              history: { totalCount: 1, nodes: [{ message: "Initial commit" }] },
            },
          },
          there: { text: "{}\n", byteSize: 3, isTruncated: false, isBinary: false },
          not: null,
        },
      });
      expect(github.requests.at(-1)).toMatchObject({ path, operation: "query", status: 200 });
    }
  });

  test("a blob's text is cut at 512,000 bytes", async () => {
    github
      .repository()
      .commit({ "big.txt": "x".repeat(512_001), "edge.txt": "x".repeat(512_000) }, "Grow");
    const { data } = await ask(
      `${repository(`big: object(expression: "HEAD:big.txt") { ...B } edge: object(expression: "HEAD:edge.txt") { ...B }`)} fragment B on Blob { text byteSize isTruncated }`,
    );
    const { big, edge } = data.repository;
    expect([big.byteSize, big.isTruncated, big.text.length, edge.isTruncated]).toEqual([
      512_001,
      true,
      512_000,
      false,
    ]);
  });

  test("what GitHub would refuse is refused", async () => {
    github.excuse(/^POST \/graphql: Cannot query field "values" on type "Repository"\.$/);
    github.excuse(/^POST \/graphql: Syntax Error: Expected Name, found <EOF>\.$/);
    const [error] = (await ask(repository("values"))).errors;
    expect(error.message).toBe('Cannot query field "values" on type "Repository".');
    expect((await ask("query {")).errors[0].message).toContain("Syntax Error");
    const gone = await ask(`query { repository(owner: "acme", name: "gone") { id } }`);
    expect(gone).toEqual({
      status: 200,
      data: { repository: null },
      errors: [
        {
          type: "NOT_FOUND",
          path: ["repository"],
          locations: [{ line: 1, column: 9 }],
          message: "Could not resolve to a Repository with the name 'acme/gone'.",
        },
      ],
    });
    const blind = await ask(
      repository(`visibility object(expression: "HEAD:a.json") { oid }`),
      {},
      BLIND,
    );
    expect(blind.data).toEqual({ repository: { visibility: "PRIVATE", object: null } });
    expect(blind.errors).toMatchObject([
      {
        type: "FORBIDDEN",
        path: ["repository", "object"],
        message: "Resource not accessible by integration",
      },
    ]);
    expect(await ask("query { viewer { login } }", {}, "ghs_nobody")).toMatchObject({
      status: 401,
      message: "Bad credentials",
    });
  });
});

describe("createCommitOnBranch", () => {
  test("writes and deletes several files in one commit by the token's owner", async () => {
    const before = github.repository().head();
    const { data } = await commit();
    const oid = github.repository().head();
    expect(data.createCommitOnBranch).toEqual({
      clientMutationId: "once",
      commit: {
        oid,
        url: `https://github.example/acme/widgets/commit/${oid}`,
        message: "Record\n\nTwo files",
      },
      ref: { name: "main", target: { oid } },
    });
    expect(github.repository().files()).toEqual({ "a.json": '{"é":1}\n' });
    expect(github.repository().commits()[0]).toEqual({
      oid,
      parent: before,
      message: "Record\n\nTwo files",
      files: ["a.json", "old.txt"],
      author: "token-automation[bot]",
      date: "2027-03-01T12:00:00.000Z",
    });
    expect(
      github
        .repository()
        .history("a.json")
        .map(({ content }) => content),
    ).toEqual(['{"é":1}\n', "{}\n"]);
  });

  test("the branch's own id serves as well", async () => {
    const { data } = await ask(repository("defaultBranchRef { id }"));
    expect((await commit({ branch: { id: data.repository.defaultBranchRef.id } })).errors).toBe(
      undefined,
    );
    expect(github.repository().commits()).toHaveLength(2);
  });

  test("of twenty at once on one head, one wins and the others are stale", async () => {
    const head = github.repository().head();
    const replies = await Promise.all(Array.from({ length: 20 }, () => commit()));
    const lost = replies.filter(({ errors }) => errors !== undefined);
    expect(lost).toHaveLength(19);
    expect(lost[0]).toEqual({
      status: 200,
      data: { createCommitOnBranch: null },
      errors: [
        {
          type: "STALE_DATA",
          path: ["createCommitOnBranch"],
          locations: [{ line: 2, column: 3 }],
          message: `Expected branch to point to "${head}" but it did not.  Pull and try again.`,
        },
      ],
    });
    expect(github.repository().commits()).toHaveLength(2);
  });

  const cases: [
    name: string,
    type: string,
    message: string,
    changes: object,
    arrange?: (() => void) | undefined,
    token?: string,
  ][] = [
    [
      "a missing branch",
      "NOT_FOUND",
      "Branch not found",
      { branch: { repositoryNameWithOwner: "acme/widgets", branchName: "none" } },
    ],
    [
      "a missing repository",
      "NOT_FOUND",
      "Could not resolve to a Repository",
      { branch: { repositoryNameWithOwner: "acme/none", branchName: "main" } },
    ],
    [
      "a ruleset",
      "UNPROCESSABLE",
      "Repository rule violations found",
      {},
      () => github.repository().protectedBranches.set("main", "ruleset"),
    ],
    [
      "a protected branch",
      "BRANCH_PROTECTION_RULE_VIOLATION",
      "At least 1 approving review",
      {},
      () => github.repository().protectedBranches.set("main", "classic"),
    ],
    [
      "contents that are not base64",
      "UNPROCESSABLE",
      "not valid Base64",
      { fileChanges: { additions: [{ path: "a", contents: "-_-_" }] } },
    ],
    [
      "a path that leaves the repository",
      "UNPROCESSABLE",
      "invalid",
      { fileChanges: { additions: [{ path: "../a", contents: "" }] } },
    ],
    [
      "a deletion of nothing",
      "UNPROCESSABLE",
      "does not exist",
      { fileChanges: { deletions: [{ path: "none" }] } },
    ],
    [
      "a token that may only read",
      "FORBIDDEN",
      "Resource not accessible by integration",
      {},
      undefined,
      READER,
    ],
  ];
  test.each(cases)(
    "refuses %s, nothing done",
    async (_name, type, message, changes, arrange, token) => {
      arrange?.();
      const { status, data, errors } = await commit(changes, token);
      expect({ status, data, errors }).toMatchObject({
        status: 200,
        data: { createCommitOnBranch: null },
        errors: [{ type, path: ["createCommitOnBranch"] }],
      });
      expect(errors[0].message).toContain(message);
      expect(github.repository().commits()).toHaveLength(1);
    },
  );

  test("demands expectedHeadOid", async () => {
    github.excuse(/^POST \/graphql: .*Field "expectedHeadOid" of required type/);
    const { data, errors } = await commit({ expectedHeadOid: undefined });
    expect(data).toBe(undefined);
    expect(errors[0].message).toContain("expectedHeadOid");
    expect(github.repository().commits()).toHaveLength(1);
  });
});

test.skipIf(!toolAvailable("git"))("ids are those that git computes", async () => {
  github
    .repository()
    .commit({ "a.json": "{}\n", "a/b/c.txt": "deep\n", "a.txt": "beside\n" }, "Go deep");
  const [head, first] = github.repository().commits();
  const folder = mkdtempSync(join(tmpdir(), "commit-ids-"));
  const git = (args: string[], input = "") =>
    execFileSync("git", args, { cwd: folder, input }).toString().trim();
  try {
    git(["init", "--quiet"]);
    for (const [path, content] of Object.entries(github.repository().files())) {
      git([
        "update-index",
        "--add",
        "--cacheinfo",
        `100644,${git(["hash-object", "-w", "--stdin"], content)},${path}`,
      ]);
    }
    const person = `Mona Lisa <mona@example.com> ${NOW.getTime() / 1000} +0000`;
    const commit = `tree ${git(["write-tree"])}\nparent ${first?.oid}\nauthor ${person}\ncommitter ${person}\n\nGo deep\n`;
    expect(head?.oid).toBe(git(["hash-object", "-t", "commit", "--stdin", "--literally"], commit));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
