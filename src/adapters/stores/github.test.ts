import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { testClient } from "../../../test/github/client.ts";
import {
  DEFAULT_REPOSITORY,
  DEFAULT_TOKEN,
  type GitHubOptions,
  startGitHub,
  type TestGitHub,
} from "../../../test/github/server.ts";
import { storeContract } from "../../../test/store-contract.ts";
import { Secret } from "../../core/base/secret.ts";
import type { Store } from "../../core/ports/store.ts";
import { githubStore } from "./github.ts";

const RECORD = "token_config.json";
const NO_GRAPHQL = {
  match: { path: "/graphql" },
  times: Infinity,
  action: { kind: "status", status: 404 },
} as const;

function storeOn(
  github: TestGitHub,
  branch: string | null = null,
  token = DEFAULT_TOKEN,
  repository: string = DEFAULT_REPOSITORY,
): Store {
  const client = testClient(github, { token: new Secret(token), requestTimeoutMs: 1000 });
  return githubStore({ client: () => client, repository, branch });
}

/** `reads` is the way the store is made to read. Commits go by GraphQL in every case. */
function contract(
  name: string,
  branch: string | null,
  prepare: (github: TestGitHub) => void,
): void {
  storeContract(name, async () => {
    const github = await startGitHub();
    const repository = github.repository();
    if (branch !== null) repository.setBranch(branch, repository.head() ?? "");
    prepare(github);
    return {
      store: storeOn(github, branch),
      personSaves: async (path, text) => {
        repository.commit({ [path]: text }, "By hand", branch ?? undefined);
      },
      close: () => github.close(),
    };
  });
}

contract("GitHub's default branch", null, () => {});
contract("a branch on GitHub", "token-automation/record", () => {});
contract("GitHub without GraphQL's queries", null, ({ faults }) =>
  faults.add({
    match: { graphql: "query" },
    times: Infinity,
    action: { kind: "status", status: 404 },
  }),
);

let github: TestGitHub;
beforeEach(async () => {
  github = await startGitHub();
});
afterEach(async () => {
  await github.close();
});
const asked = () =>
  github.requests.map(({ method, path, operation }) => operation ?? `${method} ${path}`);

/** Starts the server again, set up in another way. */
async function restart(options: GitHubOptions): Promise<void> {
  await github.close();
  github = await startGitHub(options);
}

/** The error that was thrown, after a search for secrets in it. */
async function failure(attempt: Promise<unknown>): Promise<unknown> {
  const error: unknown = await attempt.then(
    (value) => expect.fail(`it gave ${JSON.stringify(value)}`),
    (thrown: unknown) => thrown,
  );
  const shown = `${inspect(error, { depth: 20, showHidden: true })}${JSON.stringify(error)}`;
  for (const secret of [DEFAULT_TOKEN, "canary", "REDACTED"]) expect(shown).not.toContain(secret);
  return error;
}

describe("load", () => {
  test.each([
    ["one file", [RECORD]],
    ["several files", [RECORD, "README.md", "missing.json"]],
    ["no file", []],
  ])("%s: one request", async (_, paths) => {
    github.repository().commit({ [RECORD]: "{}\n" }, "Record");
    const { version, visibility, files } = await storeOn(github).load(paths);
    const all = new Map([
      [RECORD, "{}\n"],
      ["README.md", "# A repository\n"],
      ["missing.json", null],
    ]);
    expect([version, visibility]).toEqual([github.repository().head(), "private"]);
    expect([...files]).toEqual(paths.map((path) => [path, all.get(path)]));
    expect(asked()).toEqual(["query"]);
  });

  test.each([
    ["public", "public"],
    ["private", "private"],
    ["internal", "private"],
  ] as const)("a %s repository is %s, by GraphQL and by REST", async (set, expected) => {
    github.repository().visibility = set;
    expect((await storeOn(github).load([RECORD])).visibility).toBe(expected);
    github.faults.add(NO_GRAPHQL);
    expect((await storeOn(github).load([RECORD])).visibility).toBe(expected);
  });

  test.each([
    ["beyond 512,000 bytes", `${"é".repeat(256_001)}\n`],
    ["with a zero byte", "a\u0000b"],
  ])("a file %s is read raw, at the same commit", async (_, content) => {
    const repository = github.repository();
    repository.commit({ [RECORD]: content }, "Record");
    const head = repository.head();
    github.faults.add({
      match: { path: /contents/ },
      action: {
        kind: "call",
        before: () => void repository.commit({ [RECORD]: "newer" }, "By hand"),
      },
    });
    const { files, version } = await storeOn(github).load([RECORD]);
    expect([files.get(RECORD) === content, version]).toEqual([true, head]);
    expect(asked()).toEqual(["query", `GET /repos/acme/widgets/contents/${RECORD}`]);
  });

  test("a byte order mark stays, by GraphQL and by REST", async () => {
    github.repository().commit({ [RECORD]: "\ufeff{}" }, "Record");
    expect((await storeOn(github).load([RECORD])).files.get(RECORD)).toBe("\ufeff{}");
    github.faults.add(NO_GRAPHQL);
    expect((await storeOn(github).load([RECORD])).files.get(RECORD)).toBe("\ufeff{}");
  });

  test("what is not text is refused, not read as something else", async () => {
    github.repository().commit({ [RECORD]: new Uint8Array([0, 0xff, 0xfe]) }, "Record");
    expect(await failure(storeOn(github).load([RECORD]))).toMatchObject({
      kind: "misconfigured",
      code: "file-not-text",
    });
  });

  test("a big file that was cut on the way is read again, never taken for an empty one", async () => {
    const content = "x".repeat(600_000);
    github.repository().commit({ [RECORD]: content }, "Record");
    github.faults.add({ match: { path: /contents/ }, action: { kind: "half" } });
    expect((await storeOn(github).load([RECORD])).files.get(RECORD) === content).toBe(true);
    expect(github.requests).toHaveLength(3);
  });

  test.each([
    ["404", { kind: "status", status: 404 }],
    ["405", { kind: "status", status: 405, body: "Method not allowed" }],
    ["a page", { kind: "status", status: 200, body: "<html>canary</html>" }],
    ["nothing", { kind: "status", status: 200, body: "" }],
    [
      "another shape",
      { kind: "status", status: 200, body: { data: { repository: { canary: true } } } },
    ],
    [
      "a schema without these fields",
      {
        kind: "status",
        status: 200,
        body: { errors: [{ message: "Field 'object' doesn't exist on type 'Repository'" }] },
      },
    ],
  ] as const)(
    "if GraphQL answers %s, the store reads by REST, and from then on at once",
    async (_, action) => {
      github.repository().commit({ [RECORD]: "{}\n" }, "Record");
      github.faults.add({ match: { path: "/graphql" }, times: Infinity, action });
      const store = storeOn(github);
      const expected = {
        version: github.repository().head(),
        visibility: "private",
        files: new Map([[RECORD, "{}\n"]]),
      };
      expect(await store.load([RECORD])).toEqual(expected);
      const rest = [
        "GET /repos/acme/widgets",
        "GET /repos/acme/widgets/git/ref/heads/main",
        `GET /repos/acme/widgets/contents/${RECORD}`,
      ];
      expect(github.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
        "POST /graphql",
        ...rest,
      ]);
      github.reset();
      expect(await store.load([RECORD])).toEqual(expected);
      expect(asked()).toEqual(rest);
    },
  );

  describe.each([
    ["GraphQL", () => {}],
    ["REST", () => github.faults.add(NO_GRAPHQL)],
  ] as const)("refused, by %s", (_, prepare) => {
    test("a repository that is not there", async () => {
      prepare();
      expect(
        await failure(storeOn(github, null, DEFAULT_TOKEN, "acme/gadgets").load([RECORD])),
      ).toMatchObject({
        kind: "misconfigured",
        code: "repository-missing",
        message: "there is no repository acme/gadgets, or the token cannot see it",
      });
    });

    test("a branch that is not there", async () => {
      prepare();
      expect(await failure(storeOn(github, "record").load([RECORD]))).toMatchObject({
        kind: "misconfigured",
        code: "branch-missing",
        message: "acme/widgets has no branch record",
        hint: expect.stringContaining("git push"),
      });
    });

    test("a repository without a commit", async () => {
      await restart({ repositories: [{ fullName: DEFAULT_REPOSITORY, files: null }] });
      prepare();
      expect(await failure(storeOn(github).load([RECORD]))).toMatchObject({
        kind: "misconfigured",
        code: "repository-empty",
      });
    });

    test("a missing version is not a version without files", async () => {
      prepare();
      expect(await failure(storeOn(github).load([RECORD], "0".repeat(40)))).toMatchObject({
        kind: "misconfigured",
        code: "version-missing",
      });
    });

    test("a token without Contents: read", async () => {
      const token = `ghs_${"canary".repeat(6)}`;
      github.addToken({ token, permissions: {} });
      prepare();
      expect(await failure(storeOn(github, null, token).load([RECORD]))).toMatchObject({
        kind: "denied",
        code: "permission-missing",
        permission: expect.stringMatching(/contents[=:] ?read/i),
        hint: expect.stringContaining("Contents: read"),
      });
    });

    test("a token that is wrong", async () => {
      prepare();
      github.revokeToken(DEFAULT_TOKEN);
      github.faults.clear();
      expect(await failure(storeOn(github).load([RECORD]))).toMatchObject({
        kind: "denied",
        code: "token-refused",
      });
    });

    test("a server that is down: nothing has changed", async () => {
      github.faults.add({
        match: {},
        times: Infinity,
        action: { kind: "status", status: 503, body: { message: "canary" } },
      });
      expect(await failure(storeOn(github).load([RECORD]))).toMatchObject({
        kind: "unchanged",
        code: "github-unavailable",
      });
    });
  });
});

describe("save", () => {
  const FILES = new Map([
    [RECORD, "ours ✓\n"],
    ["token_history/2026-01.jsonl", "{}\n"],
  ]);
  const MESSAGE = "Rotate API_KEY\n\nRun 42, on schedule.";
  const change = () => ({ expected: github.repository().head(), files: FILES, message: MESSAGE });
  const loseReply = (kind: "cut" | "apply-then-cut" | "hang" | "half", times = 1) =>
    github.faults.add({ match: { graphql: "mutation" }, times, action: { kind } });
  const personSaves = () => void github.repository().commit({ [RECORD]: "theirs\n" }, "By hand");

  test("one commit of all the files, by the token's owner, in one request after a load", async () => {
    const store = storeOn(github);
    const { version } = await store.load([RECORD]);
    const result = await store.save({ ...change(), expected: version });
    const oid = github.repository().head();
    expect(result).toEqual({
      kind: "saved",
      version: oid,
      sha: oid,
      url: `https://github.example/acme/widgets/commit/${oid}`,
    });
    expect(asked()).toEqual(["query", "mutation"]);
    expect(github.repository().commits()[0]).toMatchObject({
      parent: version,
      message: MESSAGE,
      files: [...FILES.keys()],
      author: "token-automation[bot]",
    });
  });

  test("the branch's name is looked up if nothing was loaded", async () => {
    await restart({ repositories: [{ fullName: DEFAULT_REPOSITORY, defaultBranch: "trunk" }] });
    expect((await storeOn(github).save(change())).kind).toBe("saved");
    expect(asked()).toEqual(["query", "mutation"]);
  });

  test("a store that cannot have loaded anything is refused", async () => {
    expect(await failure(storeOn(github).save({ ...change(), expected: null }))).toMatchObject({
      kind: "misconfigured",
    });
    expect(asked()).toEqual([]);
  });

  test.each(["classic", "ruleset"] as const)(
    "a protected branch (%s) refuses, and says what to do",
    async (protection) => {
      github.repository().protectedBranches.set("main", protection);
      expect(await failure(storeOn(github).save(change()))).toMatchObject({
        kind: "denied",
        code: "branch-protected",
        message: "could not commit to acme/widgets: the branch main is protected",
        hint: expect.stringContaining("the input `branch`"),
      });
    },
  );

  test("a token without Contents: write", async () => {
    const token = `ghs_${"canary".repeat(6)}`;
    github.addToken({ token, permissions: { contents: "read" } });
    expect(await failure(storeOn(github, null, token).save(change()))).toMatchObject({
      kind: "denied",
      permission: "Contents: write",
    });
  });

  test("a branch that was deleted since", async () => {
    const repository = github.repository();
    repository.setBranch("record", repository.head() ?? "");
    const store = storeOn(github, "record");
    const { version } = await store.load([RECORD]);
    repository.deleteBranch("record");
    expect(await failure(store.save({ ...change(), expected: version }))).toMatchObject({
      kind: "misconfigured",
      code: "branch-missing",
    });
  });

  test.each(["apply-then-cut", "half"] as const)(
    "applied, and the reply lost (%s): the commit is found and not made twice",
    async (kind) => {
      const expected = github.repository().head();
      loseReply(kind);
      const result = await storeOn(github, "main").save(change());
      const oid = github.repository().head();
      expect(result).toEqual({
        kind: "saved",
        version: oid,
        sha: oid,
        url: `https://github.example/acme/widgets/commit/${oid}`,
      });
      expect(
        github
          .repository()
          .commits()
          .map(({ parent }) => parent),
      ).toEqual([expected, null]);
      expect(asked()).toEqual([
        "mutation",
        "GET /repos/acme/widgets/git/ref/heads/main",
        "GET /repos/acme/widgets/commits",
        "query",
      ]);
      expect(github.requests[2]?.query).toContain(`sha=${oid}`);
    },
  );

  test("applied, the reply lost, and another program saved on top: our commit is found below theirs", async () => {
    github.faults.add({ match: { graphql: "mutation" }, action: { kind: "apply-then-cut" } });
    github.faults.add({
      match: { path: /heads\/main$/ },
      action: { kind: "call", before: personSaves },
    });
    const store = storeOn(github, "main");
    const result = await store.save(change());
    const [theirs, ours] = github.repository().commits();
    expect(result).toMatchObject({ kind: "saved", version: ours?.oid });
    // What is built on it then meets theirs.
    expect(theirs?.parent).toBe(ours?.oid);
    expect(await store.save({ ...change(), expected: ours?.oid ?? "" })).toEqual({
      kind: "conflict",
    });
  });

  test.each(["cut", "hang"] as const)(
    "not applied, and no reply (%s): sent once more",
    async (kind) => {
      loseReply(kind);
      expect(await storeOn(github, "main").save(change())).toMatchObject({
        kind: "saved",
        version: github.repository().head(),
      });
      expect(github.repository().commits()).toHaveLength(2);
      expect(asked()).toEqual([
        "mutation",
        "GET /repos/acme/widgets/git/ref/heads/main",
        "mutation",
      ]);
    },
  );

  test("never any reply, and nothing applied: nothing has changed, and the error says so", async () => {
    loseReply("cut", Infinity);
    expect(await failure(storeOn(github, "main").save(change()))).toMatchObject({
      kind: "unchanged",
      code: "github-unavailable",
    });
    expect(github.repository().commits()).toHaveLength(1);
    expect(asked().filter((request) => request === "mutation")).toHaveLength(2);
  });

  test("no reply, and another program saved: conflict, and its commit stays", async () => {
    loseReply("cut");
    github.faults.add({
      match: { path: /heads\/main$/ },
      action: { kind: "call", before: personSaves },
    });
    expect(await storeOn(github, "main").save(change())).toEqual({ kind: "conflict" });
    expect(github.repository().file(RECORD)).toBe("theirs\n");
  });

  test("a commit with our message and another content is not ours", async () => {
    loseReply("cut");
    const impostor = () => void github.repository().commit({ [RECORD]: "theirs\n" }, MESSAGE);
    github.faults.add({
      match: { path: /heads\/main$/ },
      action: { kind: "call", before: impostor },
    });
    expect(await storeOn(github, "main").save(change())).toEqual({ kind: "conflict" });
  });

  test("the first request lands late, after the look: the second meets it and finds it to be ours", async () => {
    loseReply("cut");
    const { files, message } = change();
    const late = () => void github.repository().commit(Object.fromEntries(files), message);
    github.faults.add({
      match: { graphql: "mutation", nth: 2 },
      action: { kind: "call", before: late },
    });
    expect(await storeOn(github, "main").save(change())).toMatchObject({
      kind: "saved",
      version: github.repository().head(),
    });
    expect(github.repository().commits()).toHaveLength(2);
  });

  test("no reply, and no look either: the outcome is unknown", async () => {
    loseReply("apply-then-cut");
    github.faults.add({
      match: { path: /commits$/ },
      times: Infinity,
      action: { kind: "status", status: 500, body: { message: "canary" } },
    });
    expect(await failure(storeOn(github, "main").save(change()))).toMatchObject({
      kind: "uncertain",
      code: "outcome-unknown",
    });
  });

  test("a repository that was archived: no permission would help", async () => {
    const errors = [
      {
        type: "FORBIDDEN",
        path: ["createCommitOnBranch"],
        message: "Repository was archived so is read-only.",
      },
    ];
    github.faults.add({
      match: { graphql: "mutation" },
      action: { kind: "status", status: 200, body: { data: null, errors } },
    });
    expect(await failure(storeOn(github, "main").save(change()))).toMatchObject({
      kind: "misconfigured",
      code: "repository-archived",
    });
  });

  test("a secondary limit is waited for", async () => {
    const headers = { "retry-after": "1" };
    github.faults.add({
      match: { graphql: "mutation" },
      action: { kind: "status", status: 403, headers, body: { message: "secondary rate limit" } },
    });
    expect((await storeOn(github, "main").save(change())).kind).toBe("saved");
    expect(asked()).toEqual(["mutation", "mutation"]);
  });

  test("no request names the token or a path of it", async () => {
    const store = storeOn(github);
    await store.save(change());
    for (const { path, query, body } of github.requests)
      expect(path + query + body).not.toContain(DEFAULT_TOKEN);
  });
});
