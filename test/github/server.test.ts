// The tests' GitHub over REST, asked by Octokit: repositories, contents, refs, commits, who may do what.
import { execFileSync } from "node:child_process";
import { Octokit } from "@octokit/rest";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { toolAvailable } from "../require-tool.ts";
import { DEFAULT_TOKEN, startGitHub, type TestGitHub } from "./server.ts";

const AT = { owner: "acme", repo: "widgets" };
const NOW = new Date("2027-03-01T12:00:00Z");
const PAT = `github_pat_${"P".repeat(40)}`;
const JOB = `ghs_${"J".repeat(36)}`;
const ELSEWHERE = `ghs_${"E".repeat(36)}`;
const READER = `ghs_${"R".repeat(36)}`;

let github: TestGitHub;
beforeEach(async () => {
  github = await startGitHub({
    now: () => NOW,
    repositories: [
      { fullName: "acme/widgets", files: { "README.md": "# Widgets\n", "src/a.txt": "a" } },
      { fullName: "acme/open", visibility: "public" },
    ],
    tokens: [
      { token: DEFAULT_TOKEN },
      {
        token: PAT,
        kind: "pat",
        permissions: { contents: "write" },
        expiresAt: new Date("2027-10-12T09:00:00Z"),
      },
      { token: JOB, kind: "github_token", permissions: { contents: "write", secrets: "write" } },
      { token: ELSEWHERE, repositories: ["acme/other"] },
      { token: READER, permissions: { contents: "read", secrets: "read" } },
    ],
  });
});
afterEach(() => github.close());

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const client = (auth?: string, prefix = "") =>
  new Octokit({
    baseUrl: github.url + prefix,
    log: quiet,
    ...(auth === undefined ? {} : { auth }),
  });
/** What a refused request says. */
const refused = (request: Promise<unknown>) =>
  request.then(
    () => "not refused",
    (error: { status: number; response: { data: { message: string } } }) =>
      `${error.status} ${error.response.data.message}`,
  );

describe("a repository", () => {
  test("is described, at the root and under Enterprise's /api/v3", async () => {
    const seen = {
      full_name: "acme/widgets",
      private: true,
      visibility: "private",
      default_branch: "main",
    };
    for (const prefix of ["", "/api/v3"]) {
      const { data } = await client(DEFAULT_TOKEN, prefix).repos.get(AT);
      expect(data).toMatchObject({
        ...seen,
        url: `${github.url}${prefix}/repos/acme/widgets`,
        permissions: { push: true, pull: true, admin: false },
      });
    }
    expect(github.requests.map(({ path, status }) => [path, status])).toEqual([
      ["/repos/acme/widgets", 200],
      ["/repos/acme/widgets", 200],
    ]);
  });

  test("gives files by path, branch, commit and media type", async () => {
    const octokit = client(DEFAULT_TOKEN);
    const first = github.repository().head() ?? "";
    github.repository().commit({ "README.md": "# More\n" }, "Say more");
    const { data } = await octokit.repos.getContent({ ...AT, path: "README.md" });
    expect(data).toMatchObject({
      type: "file",
      size: 7,
      encoding: "base64",
      content: "IyBNb3JlCg==\n",
      path: "README.md",
    });
    const raw = await octokit.repos.getContent({
      ...AT,
      path: "README.md",
      ref: first,
      mediaType: { format: "raw" },
    });
    expect(raw.data).toBe("# Widgets\n");
    const { data: folder } = await octokit.repos.getContent({ ...AT, path: "src" });
    expect(folder).toMatchObject([{ type: "file", path: "src/a.txt", size: 1 }]);
    expect(await refused(octokit.repos.getContent({ ...AT, path: "none" }))).toBe("404 Not Found");
    expect(await refused(octokit.repos.getContent({ ...AT, path: "README.md", ref: "none" }))).toBe(
      "404 No commit found for the ref none",
    );
  });

  test("leaves the content of a file over 1 MB out, and gives it raw", async () => {
    const big = "x".repeat(1024 * 1024 + 1);
    github.repository().commit({ "big.txt": big, "edge.txt": big.slice(1) }, "Grow");
    const octokit = client(DEFAULT_TOKEN);
    const { data } = await octokit.repos.getContent({ ...AT, path: "big.txt" });
    expect(data).toMatchObject({ size: big.length, content: "", encoding: "none" });
    const edge = await octokit.repos.getContent({ ...AT, path: "edge.txt" });
    expect(edge.data).toMatchObject({ encoding: "base64" });
    const raw = await octokit.repos.getContent({
      ...AT,
      path: "big.txt",
      mediaType: { format: "raw" },
    });
    expect(raw.data).toBe(big);
  });

  test("takes a file through the contents API only with its blob's id", async () => {
    const octokit = client(DEFAULT_TOKEN);
    const put = (extra: object) =>
      octokit.repos.createOrUpdateFileContents({
        ...AT,
        path: "new.txt",
        message: "Write",
        content: "aGk=",
        ...extra,
      });
    expect((await put({})).status).toBe(201);
    expect(await refused(put({}))).toContain(`422 Invalid request.\n\n"sha" wasn't supplied.`);
    expect(await refused(put({ sha: "0".repeat(40) }))).toBe(
      `409 new.txt does not match ${"0".repeat(40)}`,
    );
    expect(await refused(put({ branch: "none" }))).toBe("404 Branch none not found");
    github.repository().protectedBranches.set("main", "ruleset");
    const sha = "32f95c0d1244a78b2be1bab8de17906fabb2c4a8";
    expect(await refused(put({ sha }))).toContain("409 Repository rule violations found");
    github.repository().protectedBranches.clear();
    expect((await put({ sha })).status).toBe(200);
    expect(github.repository().commits()).toHaveLength(3);
  });

  test.skipIf(!toolAvailable("git"))(
    "has refs, blobs, branches and commits with git's own ids",
    async () => {
      const octokit = client(DEFAULT_TOKEN);
      const head = github
        .repository()
        .commit({ "src/b/c.txt": "deep\n", "src.txt": "beside\n" }, "Go deep");
      const blob = execFileSync("git", ["hash-object", "--stdin"], { input: "deep\n" })
        .toString()
        .trim();
      expect((await octokit.git.getRef({ ...AT, ref: "heads/main" })).data).toMatchObject({
        ref: "refs/heads/main",
        object: { type: "commit", sha: head },
      });
      expect((await octokit.git.getBlob({ ...AT, file_sha: blob })).data).toMatchObject({
        content: "ZGVlcAo=\n",
        encoding: "base64",
        size: 5,
      });
      expect((await octokit.repos.getBranch({ ...AT, branch: "main" })).data).toMatchObject({
        name: "main",
        protected: false,
        commit: { sha: head },
      });
      const { data } = await octokit.repos.getCommit({ ...AT, ref: "main" });
      expect(data).toMatchObject({
        sha: head,
        commit: { message: "Go deep" },
        parents: [{ sha: github.repository().commits()[1]?.oid }],
      });
      const { data: touched } = await octokit.repos.listCommits({ ...AT, path: "src/b/c.txt" });
      expect(touched.map(({ sha }) => sha)).toEqual([head]);
      expect(await refused(octokit.git.getRef({ ...AT, ref: "heads/none" }))).toBe("404 Not Found");
      expect(await refused(octokit.repos.getBranch({ ...AT, branch: "none" }))).toBe(
        "404 Branch not found",
      );
      expect(await refused(octokit.repos.getCommit({ ...AT, ref: "none" }))).toBe(
        "422 No commit found for SHA: none",
      );
    },
  );

  test("can be without any commit", async () => {
    await github.addRepository({ fullName: "acme/empty", files: null });
    const octokit = client(DEFAULT_TOKEN);
    const at = { owner: "acme", repo: "empty" };
    expect(github.repository("acme/empty").head()).toBe(null);
    expect(await refused(octokit.repos.getContent({ ...at, path: "a" }))).toBe(
      "404 This repository is empty.",
    );
    expect(await refused(octokit.git.getRef({ ...at, ref: "heads/main" }))).toBe(
      "409 Git Repository is empty.",
    );
  });
});

describe("who may", () => {
  test("a caller without a known token may nothing, and both header forms are taken", async () => {
    expect(await refused(client().repos.get(AT))).toBe("401 Requires authentication");
    expect(await refused(client("ghs_nobody").repos.get(AT))).toBe("401 Bad credentials");
    for (const scheme of ["token", "Bearer"]) {
      const { status } = await fetch(`${github.url}/user`, {
        headers: { authorization: `${scheme} ${DEFAULT_TOKEN}` },
      });
      expect([scheme, status]).toEqual([scheme, 200]);
    }
    github.revokeToken(DEFAULT_TOKEN);
    expect(await refused(client(DEFAULT_TOKEN).users.getAuthenticated())).toBe(
      "401 Bad credentials",
    );
  });

  test("a repository that the token was not given is not there, unless it is public", async () => {
    expect(await refused(client(ELSEWHERE).repos.get(AT))).toBe("404 Not Found");
    expect(await refused(client(ELSEWHERE).actions.getRepoPublicKey(AT))).toBe("404 Not Found");
    expect(
      (await client(ELSEWHERE).repos.get({ owner: "acme", repo: "open" })).data.permissions,
    ).toMatchObject({ push: false });
    expect(
      await refused(client(ELSEWHERE).actions.getRepoPublicKey({ owner: "acme", repo: "open" })),
    ).toBe("403 Resource not accessible by integration");
  });

  test("a missing permission is named in the header, in the words of the token's kind", async () => {
    const key = (auth: string) => client(auth).actions.getRepoPublicKey(AT);
    expect(await refused(key(PAT))).toBe("403 Resource not accessible by personal access token");
    // A GITHUB_TOKEN never has it, whatever the workflow asks for.
    expect(await refused(key(JOB))).toBe("403 Resource not accessible by integration");
    const put = await fetch(`${github.url}/repos/acme/widgets/actions/secrets/A`, {
      method: "PUT",
      headers: { authorization: `token ${READER}` },
      body: JSON.stringify({ encrypted_value: "YWJj", key_id: "1" }),
    });
    expect([put.status, put.headers.get("x-accepted-github-permissions")]).toEqual([
      403,
      "secrets=write",
    ]);
    expect((await client(READER).actions.getRepoPublicKey(AT)).status).toBe(200);
    const commit = client(READER).repos.createOrUpdateFileContents({
      ...AT,
      path: "a",
      message: "m",
      content: "",
    });
    expect(await refused(commit)).toBe("403 Resource not accessible by integration");
  });

  test("a token's expiry is told in the header, and past it the token is refused", async () => {
    const { headers } = await client(PAT).repos.get(AT);
    expect(headers["github-authentication-token-expiration"]).toBe("2027-10-12 09:00:00 UTC");
    expect(
      (await client(DEFAULT_TOKEN).repos.get(AT)).headers["github-authentication-token-expiration"],
    ).toBe(undefined);
    github.addToken({ token: "ghs_late", expiresAt: NOW });
    expect(await refused(client("ghs_late").repos.get(AT))).toBe("401 Bad credentials");
  });
});

test("a client that takes the server for its HTTP proxy is answered", async () => {
  const { request } = await import("node:http");
  const { port } = new URL(github.url);
  const headers = { authorization: `token ${DEFAULT_TOKEN}`, host: "api.github.localhost" };
  const body = await new Promise<string>((resolve, reject) => {
    const asked = request(
      { port, host: "127.0.0.1", path: "http://api.github.localhost/repos/acme/widgets", headers },
      (reply) => {
        let text = "";
        reply.on("data", (chunk) => (text += chunk)).on("end", () => resolve(text));
      },
    );
    asked.on("error", reject).end();
  });
  expect(JSON.parse(body)).toMatchObject({
    full_name: "acme/widgets",
    url: "http://api.github.localhost/repos/acme/widgets",
  });
});
