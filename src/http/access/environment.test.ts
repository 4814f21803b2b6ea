import { describe, expect, test } from "vitest";
import { Misconfigured } from "../../core/base/errors.ts";
import {
  readApiKeys,
  readHostPlace,
  readOrigins,
  readRateLimit,
  readWorkflowTrust,
} from "./environment.ts";

const DIGEST = "ab".repeat(32);
const CANARY = `ghp_${"Canary".repeat(6)}`;
const key = { id: "ci", sha256: DIGEST, scopes: ["read"] };

function refusal(act: () => unknown): { code: string; message: string; hint: string | null } {
  try {
    act();
  } catch (error) {
    if (error instanceof Misconfigured)
      return { code: error.code, message: error.message, hint: error.hint };
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("TOKEN_AUTOMATION_API_KEYS", () => {
  test.each([{}, { TOKEN_AUTOMATION_API_KEYS: "" }, { TOKEN_AUTOMATION_API_KEYS: " " }])(
    "unset or empty, %j: no keys",
    (env) => {
      expect(readApiKeys(env)).toEqual([]);
    },
  );

  test("several live keys", () => {
    const second = {
      ...key,
      id: "ops",
      sha256: "CD".repeat(32),
      scopes: ["rotate", "reveal"],
      expires_at: "2027-01-01T00:00:00Z",
    };
    expect(readApiKeys({ TOKEN_AUTOMATION_API_KEYS: JSON.stringify([key, second]) })).toEqual([
      { id: "ci", digest: Buffer.alloc(32, 0xab), scopes: new Set(["read"]), expiresAt: null },
      {
        id: "ops",
        digest: Buffer.alloc(32, 0xcd),
        scopes: new Set(["rotate", "reveal"]),
        expiresAt: new Date("2027-01-01T00:00:00Z"),
      },
    ]);
  });

  test.each([
    ["not JSON", CANARY, "it is not JSON"],
    ["not a list", JSON.stringify({ [CANARY]: CANARY }), "wrong at the top"],
    [
      "the key in place of its digest",
      JSON.stringify([{ ...key, sha256: CANARY }]),
      "wrong at /0/sha256",
    ],
    [
      "an unknown scope",
      JSON.stringify([key, { ...key, id: "b", scopes: [CANARY] }]),
      "wrong at /1/scopes/0",
    ],
    ["no scopes", JSON.stringify([{ ...key, scopes: [] }]), "wrong at /0/scopes"],
    ["an unknown field", JSON.stringify([{ ...key, [CANARY]: 1 }]), "wrong at /0"],
    [
      "a day that does not exist",
      JSON.stringify([{ ...key, expires_at: "2027-02-30T00:00:00Z" }]),
      "wrong at /0/expires_at",
    ],
    [
      "one key twice",
      JSON.stringify([key, { ...key, id: "b", sha256: DIGEST.toUpperCase() }]),
      "/1 is a key that an earlier entry has",
    ],
    [
      "a third key of a client",
      JSON.stringify(["01", "02", "03"].map((byte) => ({ ...key, sha256: byte.repeat(32) }))),
      "/2/id appears more than twice",
    ],
    [
      "a token whose value reveals",
      JSON.stringify([{ id: "a", token: "A", scopes: ["read", "reveal"] }]),
      "wrong at /0/scopes",
    ],
    [
      "neither a digest nor a token",
      JSON.stringify([{ id: "a", scopes: ["read"] }]),
      "wrong at /0/sha256",
    ],
  ])("%s: names the position, and no content", (_what, value, where) => {
    const { code, message, hint } = refusal(() =>
      readApiKeys({ TOKEN_AUTOMATION_API_KEYS: value }),
    );
    expect({ code, message }).toEqual({
      code: "environment-invalid",
      message: `TOKEN_AUTOMATION_API_KEYS is malformed: ${where}`,
    });
    expect(message + hint).not.toContain("Canary");
  });
});

describe("TOKEN_AUTOMATION_OIDC", () => {
  const caller = {
    id: "deploy",
    repository_id: "1",
    repository_owner_id: "2",
    ref: "refs/heads/main",
    scopes: ["rotate"],
  };
  const read = (value: unknown) =>
    readWorkflowTrust({ TOKEN_AUTOMATION_OIDC: JSON.stringify(value) });

  test("unset: no workflow is trusted", () => {
    expect(readWorkflowTrust({})).toBeNull();
  });

  test("GitHub's issuer and its keys by default", () => {
    expect(read({ audience: "tokens.example", callers: [caller] })).toEqual({
      audience: "tokens.example",
      issuer: "https://token.actions.githubusercontent.com",
      jwksUrl: "https://token.actions.githubusercontent.com/.well-known/jwks",
      callers: [
        {
          id: "deploy",
          repositoryId: "1",
          repositoryOwnerId: "2",
          ref: "refs/heads/main",
          environment: null,
          scopes: new Set(["rotate"]),
        },
      ],
    });
    expect(
      read({ audience: "a", issuer: "https://ghe.example/_services/token", callers: [caller] }),
    ).toMatchObject({
      jwksUrl: "https://ghe.example/_services/token/.well-known/jwks",
    });
  });

  test.each([
    [
      "neither ref nor environment",
      { audience: "a", callers: [{ ...caller, ref: undefined }] },
      "wrong at /callers/0",
    ],
    [
      "GitHub's default audience",
      { audience: "https://github.com/acme", callers: [caller] },
      "wrong at /audience",
    ],
    ["no audience", { callers: [caller] }, "wrong at /audience"],
    [
      "a name in place of an id",
      { audience: "a", callers: [{ ...caller, repository_id: CANARY }] },
      "wrong at /callers/0/repository_id",
    ],
    [
      "keys over plain HTTP",
      { audience: "a", jwks_url: "http://keys.example/jwks", callers: [caller] },
      "wrong at /jwks_url",
    ],
    ["no callers", { audience: "a", callers: [] }, "wrong at /callers"],
  ])("%s: refused", (_what, value, where) => {
    const { message, hint } = refusal(() => read(value));
    expect(message).toBe(`TOKEN_AUTOMATION_OIDC is malformed: ${where}`);
    expect(message + hint).not.toContain("Canary");
  });
});

test.each([
  [undefined, 300],
  ["", 300],
  ["60", 60],
  ["off", null],
])("TOKEN_AUTOMATION_RATE_LIMIT=%s: %s points", (value, points) => {
  expect(readRateLimit({ TOKEN_AUTOMATION_RATE_LIMIT: value })).toBe(points);
});

test.each(["0", "-1", "1.5", "many", "99999999"])(
  "TOKEN_AUTOMATION_RATE_LIMIT=%s is refused",
  (value) => {
    expect(refusal(() => readRateLimit({ TOKEN_AUTOMATION_RATE_LIMIT: value })).code).toBe(
      "environment-invalid",
    );
  },
);

test("TOKEN_AUTOMATION_CORS_ORIGINS lists origins and nothing else", () => {
  expect(readOrigins({})).toEqual([]);
  expect(
    readOrigins({ TOKEN_AUTOMATION_CORS_ORIGINS: " https://a.example , http://localhost:3000," }),
  ).toEqual(["https://a.example", "http://localhost:3000"]);
  for (const wrong of ["*", "a.example", "https://a.example/", "https://a.example/page", "null"])
    expect(refusal(() => readOrigins({ TOKEN_AUTOMATION_CORS_ORIGINS: wrong })).code).toBe(
      "environment-invalid",
    );
});

describe("the place of a host's record", () => {
  const env = { TOKEN_AUTOMATION_REPOSITORY: "acme/widgets", GITHUB_TOKEN: CANARY };

  test("from the two variables that must be set", () => {
    const { place, ...rest } = readHostPlace(env);
    expect({ place, ...rest }).toEqual({
      place: {
        kind: "github",
        repository: "acme/widgets",
        branch: null,
        access: { token: expect.anything(), apiUrl: "https://api.github.com", graphqlUrl: null },
      },
      advisor: null,
      configPath: "token_config.json",
      fingerprintKey: null,
      variables: env,
      programs: null,
      whenMissing: "error",
    });
    expect(place.kind === "github" && place.access.token.reveal()).toBe(CANARY);
  });

  test("every variable counts, and the product's own token goes first", () => {
    const found = readHostPlace({
      ...env,
      TOKEN_AUTOMATION_GITHUB_TOKEN: "own",
      TOKEN_AUTOMATION_BRANCH: "record",
      TOKEN_AUTOMATION_CONFIG: "ops/tokens.json",
      TOKEN_AUTOMATION_FINGERPRINT_KEY: "pepper",
      GITHUB_API_URL: "https://github.example/api/v3",
      GITHUB_GRAPHQL_URL: "https://github.example/api/graphql",
    });
    expect(JSON.parse(JSON.stringify({ ...found, variables: undefined }))).toEqual({
      place: {
        kind: "github",
        repository: "acme/widgets",
        branch: "record",
        access: {
          token: "[secret]",
          apiUrl: "https://github.example/api/v3",
          graphqlUrl: "https://github.example/api/graphql",
        },
      },
      advisor: null,
      configPath: "ops/tokens.json",
      fingerprintKey: "[secret]",
      programs: null,
      whenMissing: "error",
    });
    expect(found.place.access?.token.reveal()).toBe("own");
  });

  test("programs that the config names run only on a host that allows it", () => {
    for (const no of ["", "0", "false", "no"])
      expect(readHostPlace({ ...env, TOKEN_AUTOMATION_ALLOW_COMMANDS: no }).programs).toBeNull();
    for (const yes of ["1", "true"])
      expect(readHostPlace({ ...env, TOKEN_AUTOMATION_ALLOW_COMMANDS: yes }).programs).toBe(".");
  });

  test("every missing variable is reported at once", () => {
    expect(refusal(() => readHostPlace({ GITHUB_API_URL: "nonsense" }))).toEqual({
      code: "environment-invalid",
      message:
        "TOKEN_AUTOMATION_REPOSITORY must be owner/name; TOKEN_AUTOMATION_GITHUB_TOKEN or GITHUB_TOKEN must be set; GITHUB_API_URL must be a URL",
      hint: "Correct the environment of the service, then deploy it again.",
    });
  });
});
