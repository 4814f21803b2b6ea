// Deploy keys against the tests' GitHub: the contract, faults, whole runs, and ssh-keygen as the judge of keys.
import { execFile } from "node:child_process";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../../test/git-repository.ts";
import { testClient } from "../../../test/github/client.ts";
import { DEFAULT_REPOSITORY, startGitHub, type TestGitHub } from "../../../test/github/server.ts";
import { issuerContract } from "../../../test/issuer-contract.ts";
import { expectNothingShown, failureOf, issueRequest, labelOf } from "../../../test/issuing.ts";
import { recordsOnGitHub } from "../../../test/record-on-github.ts";
import { toolAvailable } from "../../../test/require-tool.ts";
import { Secret } from "../../core/base/secret.ts";
import type { Credential } from "../../core/ports/issuer.ts";
import { deployKeyIssuer } from "./deploy-key.ts";

const WEAK = "weak-token-of-the-tests";
const KEYS = "/repos/acme/widgets/keys";

function issuerAt(github: TestGitHub, token?: string) {
  const client = () => testClient(github, token === undefined ? {} : { token: new Secret(token) });
  return deployKeyIssuer({ client, repository: DEFAULT_REPOSITORY, readOnly: true });
}

/** The public key that the private one has, according to ssh-keygen. */
async function publicOf(privateKey: string): Promise<string> {
  const folder = await temporaryFolder();
  try {
    const path = join(folder.path, "key");
    await writeFile(path, privateKey);
    await chmod(path, 0o600);
    const { stdout } = await promisify(execFile)("ssh-keygen", ["-y", "-f", path]);
    return stdout.trim();
  } finally {
    await folder.close();
  }
}

const privateKeyOf = ({ fields }: Credential) => fields.private_key?.reveal() ?? "";

issuerContract(
  "deploy_key",
  async () => {
    const github = await startGitHub();
    github.addToken({
      token: WEAK,
      kind: "pat",
      permissions: { administration: "read", contents: "write" },
    });
    const refused = await startGitHub({ tokens: [] });
    return {
      issuer: issuerAt(github),
      accepts: async ({ fields }) =>
        github.repository().deployKeys.some(({ key }) => key === fields.public_key?.reveal()),
      faults: [
        { issuer: issuerAt(github, WEAK), kind: "denied", says: /Administration: write/ },
        { issuer: issuerAt(refused), kind: "denied", says: /refused/ },
      ],
      canaries: [WEAK],
      async close() {
        await Promise.all([github.close(), refused.close()]);
      },
    };
  },
  {
    fields: ["value", "private_key", "public_key"],
    openFields: ["public_key"],
    live: "many",
    unknownRef: "acme/widgets#987654",
    faults: ["a token without Administration: write", "a token that GitHub does not take"],
  },
);

describe("a deploy key", () => {
  test.skipIf(!toolAvailable("openssh"))(
    "is one that OpenSSH reads, and the one that GitHub was given",
    async () => {
      const github = await startGitHub();
      try {
        const credential = await issuerAt(github).issue(issueRequest(1));
        expect(await publicOf(privateKeyOf(credential))).toBe(
          `${github.repository().deployKeys[0]?.key} ${labelOf(1)}`,
        );
        expect(github.repository().deployKeys).toMatchObject([
          { title: labelOf(1), readOnly: true },
        ]);
      } finally {
        await github.close();
      }
    },
  );

  test.each([
    ["500", { kind: "status", status: 500 }, "uncertain", 0],
    ["a cut after the key was added", { kind: "apply-then-cut" }, "uncertain", 1],
    [
      "an empty answer",
      { kind: "status", status: 201, body: null },
      "uncertain",
      0,
      /^the reply 201 to POST \S+: body: must be object$/,
    ],
    [
      "an answer with another key",
      { kind: "status", status: 201, body: { id: 7, key: "ssh-rsa AAAA", title: "x" } },
      "uncertain",
      0,
    ],
    [
      "a page of a proxy's",
      { kind: "status", status: 200, body: "<html>" },
      "uncertain",
      0,
      /^the reply 200 to POST \S+: a status that GitHub does not describe$/,
    ],
    [
      "a rate limit",
      { kind: "status", status: 403, headers: { "retry-after": "3600" } },
      "unchanged",
      0,
    ],
    ["a refusal of the key", { kind: "status", status: 422 }, "misconfigured", 0],
  ] as const)(
    "%s: says so, asks once, and what was made is found",
    async (_, action, kind, left, violation?: RegExp) => {
      const github = await startGitHub();
      if (violation !== undefined) github.excuse(violation);
      try {
        const issuer = issuerAt(github);
        github.faults.add({ match: { method: "POST", path: KEYS }, action });
        const error = await failureOf(issuer.issue(issueRequest(1)));
        expect(error.kind).toBe(kind);
        expectNothingShown(error, ["PRIVATE KEY"]);
        expect(github.requests.filter(({ method }) => method === "POST")).toHaveLength(1);
        expect(await issuer.find(labelOf(1))).toHaveLength(left);
      } finally {
        await github.close();
      }
    },
  );

  test("whose removal GitHub hides is not called removed", async () => {
    const github = await startGitHub({
      repositories: [{ fullName: DEFAULT_REPOSITORY }, { fullName: "acme/other" }],
    });
    github.addToken({ token: WEAK, kind: "pat", repositories: ["acme/other"] });
    try {
      const { ref } = await issuerAt(github).issue(issueRequest(1));
      expect((await failureOf(issuerAt(github, WEAK).revoke(ref ?? ""))).kind).toBe("denied");
      expect(github.repository().deployKeys).toHaveLength(1);
      expect((await failureOf(issuerAt(github).revoke("nonsense"))).code).toBe("ref-malformed");
    } finally {
      await github.close();
    }
  });
});

describe("a run", () => {
  const recordOnGitHub = recordsOnGitHub();
  const config = {
    version: 1,
    tokens: {
      ALPHA: {
        issuer: { use: "deploy_key" },
        overlap_hours: 0,
        destinations: [{ to: "actions", secret: { ALPHA: "private_key" } }],
      },
    },
  };
  const rotate = {
    wanted: { kind: "tokens", names: ["ALPHA"], value: null, create: false },
    dryRun: false,
    triggeredBy: { kind: "cli" },
  } as const;
  const due = {
    wanted: { kind: "due" },
    dryRun: false,
    triggeredBy: { kind: "schedule" },
  } as const;

  test("adds a key, places it, and removes the one before when it is over", async () => {
    const { open, repository, state, passed } = await recordOnGitHub(config);
    await (await open()).run(rotate);
    const [first] = repository.deployKeys;
    expect(first?.title).toBe("acme/widgets/ALPHA/g1");
    passed(60_000);
    expect((await (await open()).run(rotate)).rotated).toEqual(["ALPHA"]);
    expect(repository.deployKeys.map(({ title }) => title)).toEqual([
      "acme/widgets/ALPHA/g1",
      "acme/widgets/ALPHA/g2",
    ]);
    passed(120_000);
    const report = await (await open()).run(due);
    expect(report.revoked).toEqual(["ALPHA"]);
    expect(repository.deployKeys.map(({ title }) => title)).toEqual(["acme/widgets/ALPHA/g2"]);
    expect(state()?.current?.ref).toBe(`acme/widgets#${repository.deployKeys[0]?.id}`);
    if (toolAvailable("openssh")) {
      expect(await publicOf(repository.secret("ALPHA")?.value ?? "")).toContain(
        repository.deployKeys[0]?.key,
      );
    }
  });

  test("that got no answer leaves the old key working; the next one removes the key that was added all the same", async () => {
    const { open, github, repository, state, passed } = await recordOnGitHub(config);
    await (await open()).run(rotate);
    const placed = repository.secret("ALPHA")?.value;
    passed(60_000);
    github.faults.add({
      match: { method: "POST", path: KEYS },
      action: { kind: "apply-then-cut" },
    });
    expect((await (await open()).run(rotate)).tokens).toMatchObject([
      { status: "failed", error: { kind: "uncertain" } },
    ]);
    expect(repository.deployKeys).toHaveLength(2);
    expect(repository.secret("ALPHA")?.value).toBe(placed);
    passed(60 * 60_000);
    const report = await (await open()).run(due);
    expect(report.failed).toEqual([]);
    expect(repository.deployKeys.map(({ title }) => title)).toEqual(["acme/widgets/ALPHA/g1"]);
    expect(state()?.retiring).toBeUndefined();
  });

  test("with a token of the key's own asks with that one alone", async () => {
    const own = {
      ...config.tokens.ALPHA,
      issuer: { use: "deploy_key", repository: "acme/widgets", token_variable: "KEYS_TOKEN" },
    };
    const { open, github, repository } = await recordOnGitHub({
      ...config,
      tokens: { ALPHA: own },
    });
    github.addToken({ token: "of-its-own", kind: "pat", permissions: { administration: "write" } });
    const report = await (await open({ variables: {} })).run(rotate);
    expect(report.tokens).toMatchObject([
      { status: "failed", error: { code: "variable-missing" } },
    ]);
    expect(
      (await (await open({ variables: { KEYS_TOKEN: "of-its-own" } })).run(rotate)).rotated,
    ).toEqual(["ALPHA"]);
    expect(repository.deployKeys).toHaveLength(1);
  });
});
