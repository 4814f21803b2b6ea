// Installation tokens against the tests' GitHub, which verifies the App's JSON web tokens with its public key.
import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { AppSetup } from "../../../test/github/auth.ts";
import { testClient } from "../../../test/github/client.ts";
import {
  DEFAULT_REPOSITORY,
  DEFAULT_TOKEN,
  startGitHub,
  type TestGitHub,
} from "../../../test/github/server.ts";
import { issuerContract } from "../../../test/issuer-contract.ts";
import { expectNothingShown, failureOf, issueRequest } from "../../../test/issuing.ts";
import { compose } from "../../compose/compose.ts";
import { Secret } from "../../core/base/secret.ts";
import type { GithubAppDeclaration } from "../../core/model/schema.ts";
import { githubAppIssuer } from "./github-app.ts";

const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
const stranger = generateKeyPairSync("rsa", { modulusLength: 2048 });
const pem = (type: "pkcs1" | "pkcs8", { privateKey } = pair) =>
  privateKey.export({ type, format: "pem" }).toString();
const APP: AppSetup = {
  id: 4711,
  clientId: "Iv23liTheApp",
  publicKey: pair.publicKey.export({ type: "spki", format: "pem" }).toString(),
  installations: [
    {
      id: 99,
      account: "acme",
      repositories: [DEFAULT_REPOSITORY],
      permissions: { contents: "write", issues: "read" },
    },
  ],
};
const declared: GithubAppDeclaration = {
  use: "github_app",
  app: APP.clientId,
  private_key_variable: "APP_KEY",
  repositories: ["widgets"],
  permissions: { contents: "read" },
};
const MINT = "/app/installations/99/access_tokens";

function issuerAt(
  github: TestGitHub,
  more: { declaration?: object; privateKey?: string; clock?: () => Date } = {},
) {
  return githubAppIssuer({
    declaration: { ...declared, ...more.declaration },
    privateKey: new Secret(more.privateKey ?? pem("pkcs1")),
    owner: "acme",
    client: (token) => testClient(github, { token }),
    clock: more.clock ?? (() => new Date()),
  });
}

async function withGitHub(
  act: (github: TestGitHub) => Promise<void>,
  now?: () => Date,
): Promise<void> {
  const github = await startGitHub({ apps: [APP], ...(now === undefined ? {} : { now }) });
  await act(github).finally(() => github.close());
}

issuerContract(
  "github_app",
  async () => {
    const github = await startGitHub({ apps: [APP] });
    return {
      issuer: issuerAt(github),
      async accepts({ fields }) {
        const client = await testClient(github, { token: fields.value ?? new Secret("none") });
        const { data } = await client.request("GET /repos/{owner}/{repo}", {
          owner: "acme",
          repo: "widgets",
        });
        return data.full_name === DEFAULT_REPOSITORY;
      },
      faults: [
        {
          issuer: issuerAt(github, { privateKey: pem("pkcs8", stranger) }),
          kind: "misconfigured",
          says: /APP_KEY/,
        },
        {
          issuer: issuerAt(github, {
            declaration: { permissions: { contents: "write", secrets: "write" } },
          }),
          kind: "misconfigured",
          says: /secrets/,
        },
        {
          issuer: issuerAt(github, { declaration: { repositories: ["gadgets"] } }),
          kind: "misconfigured",
          says: /gadgets/,
        },
        {
          issuer: issuerAt(github, { declaration: { installation: 1 } }),
          kind: "misconfigured",
          says: /not installed/,
        },
      ],
      canaries: [pem("pkcs1"), pem("pkcs8")],
      close: github.close,
    };
  },
  {
    fields: ["value"],
    live: "none",
    faults: [
      "a key of another App",
      "more permissions than it has",
      "a repository that it does not reach",
      "another's installation",
    ],
  },
);

describe("an installation token", () => {
  test.each([
    ["PKCS#1", pem("pkcs1")],
    ["PKCS#8", pem("pkcs8")],
    ["line breaks written as \\n", pem("pkcs1").trim().replaceAll("\n", "\\n")],
  ])("is minted with a key in %s, and says when it expires", async (_, privateKey) => {
    const now = new Date("2026-03-01T12:00:00.500Z");
    await withGitHub(
      async (github) => {
        const { expiresAt, fields } = await issuerAt(github, {
          privateKey,
          clock: () => now,
        }).issue(issueRequest(1));
        expect(expiresAt).toBe("2026-03-01T13:00:00.000Z");
        expect(fields.value?.reveal().length).toBeGreaterThan(500);
        const minting = github.requests.find(({ path }) => path === MINT);
        expect(JSON.parse(minting?.body ?? "")).toEqual({
          repositories: ["widgets"],
          permissions: { contents: "read" },
        });
      },
      () => now,
    );
  });

  test("is minted by a machine whose clock is a minute fast, or slow", async () => {
    for (const drift of [-59_000, 59_000]) {
      await withGitHub(async (github) => {
        const issuer = issuerAt(github, { clock: () => new Date(Date.now() + drift) });
        expect((await issuer.issue(issueRequest(1))).fields.value).toBeDefined();
      });
    }
  });

  test("takes a numeric id, and an installation's, and then asks for no other", async () => {
    await withGitHub(async (github) => {
      await issuerAt(github, { declaration: { app: "4711", installation: 99 } }).issue(
        issueRequest(1),
      );
      expect(github.requests.map(({ path }) => path)).toEqual([MINT]);
    });
  });

  test.each([
    ["500", { kind: "status", status: 500 }, "uncertain"],
    ["a cut after it was minted", { kind: "apply-then-cut" }, "uncertain"],
    [
      "an empty answer",
      { kind: "status", status: 201, body: null },
      "uncertain",
      /^the reply 201 to POST \S+: body: must be object$/,
    ],
    [
      "an empty token",
      { kind: "status", status: 201, body: { token: "", expires_at: "2999-01-01T00:00:00Z" } },
      "uncertain",
    ],
    [
      "a token that expired",
      { kind: "status", status: 201, body: { token: "x", expires_at: "2020-01-01T00:00:00Z" } },
      "uncertain",
    ],
    [
      "fewer permissions than asked for",
      {
        kind: "status",
        status: 201,
        body: { token: "x", expires_at: "2999-01-01T00:00:00Z", permissions: { metadata: "read" } },
      },
      "misconfigured",
    ],
    [
      "a rate limit",
      { kind: "status", status: 429, headers: { "retry-after": "3600" } },
      "unchanged",
    ],
  ] as const)("%s: says so, and asks once", async (_, action, kind, violation?: RegExp) => {
    await withGitHub(async (github) => {
      if (violation !== undefined) github.excuse(violation);
      github.faults.add({ match: { method: "POST", path: MINT }, action });
      const error = await failureOf(issuerAt(github).issue(issueRequest(1)));
      expect(error.kind).toBe(kind);
      expectNothingShown(error, ["eyJ"]);
      expect(github.requests.filter(({ path }) => path === MINT)).toHaveLength(1);
    });
  });

  test("a key that is not RSA is reported before any request", () => {
    const elliptic = generateKeyPairSync("ec", { namedCurve: "P-256" });
    for (const privateKey of [
      "",
      "nonsense",
      elliptic.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    ]) {
      expect(() =>
        githubAppIssuer({
          declaration: declared,
          privateKey: new Secret(privateKey),
          owner: null,
          client: () => Promise.reject(),
          clock: () => new Date(),
        }),
      ).toThrow("APP_KEY does not hold an RSA private key in PEM");
    }
  });
});

test("runs every quarter of an hour never let the placed token expire, although no rule names it", async () => {
  let now = new Date("2026-03-01T00:00:00Z");
  const config = { version: 1, tokens: { APP_TOKEN: { issuer: declared } } };
  const files = { "token_config.json": JSON.stringify(config) };
  const github = await startGitHub({
    apps: [APP],
    repositories: [{ fullName: DEFAULT_REPOSITORY, files }],
    now: () => now,
  });
  try {
    const access = {
      token: new Secret(DEFAULT_TOKEN),
      apiUrl: github.url,
      graphqlUrl: github.graphqlUrl,
    };
    const app = await compose({
      place: { kind: "github", repository: DEFAULT_REPOSITORY, branch: null, access },
      configPath: "token_config.json",
      fingerprintKey: new Secret("a fingerprint key of the tests"),
      whenMissing: "error",
      clock: () => now,
      variables: { APP_KEY: pem("pkcs8") },
    });
    const rotate = { kind: "tokens", names: ["APP_TOKEN"], value: null, create: false } as const;
    await app.run({ wanted: rotate, dryRun: false, triggeredBy: { kind: "cli" } });
    const works = async () => {
      const client = await testClient(github, {
        token: new Secret(github.repository().secret("APP_TOKEN")?.value ?? "none"),
      });
      return (await client.request("GET /installation/repositories")).status;
    };
    let rotated = 0;
    for (let quarter = 1; quarter <= 9 * 4; quarter++) {
      now = new Date(Date.parse("2026-03-01T00:00:00Z") + quarter * 15 * 60_000 - 1);
      expect(await works()).toBe(200);
      const report = await app.run({
        wanted: { kind: "due" },
        dryRun: false,
        triggeredBy: { kind: "schedule" },
      });
      expect(report.failed).toEqual([]);
      rotated += report.rotated.length;
    }
    expect(rotated).toBe(12);
    const health = await app.health();
    expect(health.tokens).toMatchObject([{ status: "recently_rotated" }]);
    now = new Date(now.getTime() + 45 * 60_000);
    expect((await app.health()).needs_rotation).toEqual(["APP_TOKEN"]);
  } finally {
    await github.close();
  }
});
