// Actions secrets of the tests' GitHub, asked by Octokit, with boxes sealed by libsodium and by PyNaCl.
import { execFileSync } from "node:child_process";
import { Octokit } from "@octokit/rest";
import sodium from "libsodium-wrappers";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { commandOf, toolAvailable } from "../require-tool.ts";
import vectors from "../vectors.json" with { type: "json" };
import { DEFAULT_TOKEN, startGitHub, type TestGitHub } from "./server.ts";

const AT = { owner: "acme", repo: "widgets" };

let github: TestGitHub;
let now: Date;
beforeEach(async () => {
  await sodium.ready;
  now = new Date("2027-03-01T12:00:00Z");
  github = await startGitHub({ now: () => now });
});
afterEach(() => github.close());

const { actions, paginate } = {
  actions: () => octokit().actions,
  paginate: () => octokit().paginate,
};
function octokit() {
  const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  return new Octokit({ auth: DEFAULT_TOKEN, baseUrl: github.url, log: quiet });
}
const seal = (value: string | Uint8Array, key: string) =>
  Buffer.from(sodium.crypto_box_seal(value, Buffer.from(key, "base64"))).toString("base64");

async function put(
  secret_name: string,
  value: string | Uint8Array,
  changes: Record<string, unknown> = {},
) {
  const { key, key_id } = (await actions().getRepoPublicKey(AT)).data;
  const path = `/repos/acme/widgets/actions/secrets/${encodeURIComponent(secret_name)}`;
  const body = JSON.stringify({ encrypted_value: seal(value, key), key_id, ...changes });
  const reply = await fetch(github.url + path, {
    method: "PUT",
    body,
    headers: { authorization: `Bearer ${DEFAULT_TOKEN}` },
  });
  const text = await reply.text();
  return reply.status < 300 ? reply.status : `${reply.status} ${JSON.parse(text).message}`;
}

describe("one secret", () => {
  test("is created, updated, looked at and deleted; only the server's key opens it", async () => {
    expect(await put("API_KEY", "välue")).toBe(201);
    now = new Date("2027-03-02T12:00:00Z");
    expect(await put("API_KEY", "second")).toBe(204);
    const { key_id } = (await actions().getRepoPublicKey(AT)).data;
    const dates = { createdAt: "2027-03-01T12:00:00.000Z", updatedAt: "2027-03-02T12:00:00.000Z" };
    expect(github.repository().secret("API_KEY")).toEqual({
      value: "second",
      keyId: key_id,
      ...dates,
    });
    const { data } = await actions().getRepoSecret({ ...AT, secret_name: "API_KEY" });
    expect(data).toEqual({
      name: "API_KEY",
      created_at: "2027-03-01T12:00:00Z",
      updated_at: "2027-03-02T12:00:00Z",
    });
    expect((await actions().deleteRepoSecret({ ...AT, secret_name: "API_KEY" })).status).toBe(204);
    await expect(actions().getRepoSecret({ ...AT, secret_name: "API_KEY" })).rejects.toMatchObject({
      status: 404,
    });
    expect(github.repository().secrets()).toEqual([]);
  });

  test("is named without regard to case, and kept in upper case", async () => {
    expect([await put("api_key", "a"), await put("Api_Key", "b")]).toEqual([201, 204]);
    expect(github.repository().secrets()).toEqual(["API_KEY"]);
    expect(github.repository().secret("api_KEY")?.value).toBe("b");
  });

  test("sealed for another key is accepted and stored as garbage", async () => {
    const other = Buffer.from(sodium.crypto_box_keypair().publicKey).toString("base64");
    expect(await put("API_KEY", "", { encrypted_value: seal("value", other) })).toBe(201);
    expect(github.repository().secret("API_KEY")).toMatchObject({ value: null });
  });

  test("sealed with a key that has been rotated is refused", async () => {
    const { keyId } = github.repository().publicKey();
    github.repository().rotateKey();
    expect(await put("API_KEY", "value", { key_id: keyId })).toContain("422 Bad request - key_id");
    expect(await put("API_KEY", "value")).toBe(201);
    expect(github.repository().secret("API_KEY")?.value).toBe("value");
  });

  const NAMES = "422 Secret names can only contain";
  const refusals: [
    name: string,
    secret: string,
    body: Record<string, unknown>,
    message: string,
    violation?: RegExp,
  ][] = [
    ["a dash", "API-KEY", {}, NAMES],
    ["a leading digit", "1KEY", {}, NAMES],
    ["a slash", "A/B", {}, NAMES],
    ["GITHUB_ in any case", "GitHub_KEY", {}, "422 Secret names must not start with GITHUB_."],
    ["256 characters", "A".repeat(256), {}, "422 Secret names must be at most 255"],
    [
      "no key_id",
      "API_KEY",
      { key_id: undefined },
      `422 Invalid request.\n\n"key_id" wasn't supplied.`,
      /^PUT \S+: body: must have required property 'key_id'$/,
    ],
    ["another key_id", "API_KEY", { key_id: "1" }, "422 Bad request - key_id"],
    [
      "no value",
      "API_KEY",
      { encrypted_value: undefined },
      `422 Invalid request.\n\n"encrypted_value" wasn't supplied.`,
      /^PUT \S+: body: must have required property 'encrypted_value'$/,
    ],
    [
      "URL-safe base64",
      "API_KEY",
      { encrypted_value: "-_-_" },
      "422 Bad request - unable to decode",
      /^PUT \S+: body: \/encrypted_value must match pattern/,
    ],
    [
      "base64 without padding",
      "API_KEY",
      { encrypted_value: "YQ" },
      "422 Bad request - unable to decode",
      /^PUT \S+: body: \/encrypted_value must match pattern/,
    ],
  ];
  test.each(refusals)("with %s is refused", async (_name, secret, body, message, violation) => {
    if (violation !== undefined) github.excuse(violation);
    expect(await put(secret, "value", body)).toContain(message);
    expect(github.repository().secrets()).toEqual([]);
  });

  test("holds 48 KB and not a byte more", async () => {
    expect(await put("EDGE", "x".repeat(48 * 1024))).toBe(201);
    expect(await put("OVER", "x".repeat(48 * 1024 + 1))).toContain("422");
    expect(github.repository().secrets()).toEqual(["EDGE"]);
  });
});

test("a list has pages, and the hundred-and-first secret is refused", async () => {
  for (let at = 0; at < 100; at += 1)
    expect(await put(`S${String(at).padStart(3, "0")}`, "v")).toBe(201);
  expect(await put("S100", "v")).toContain("422");
  const first = await actions().listRepoSecrets({ ...AT, per_page: 40 });
  expect([first.data.total_count, first.data.secrets.length]).toEqual([100, 40]);
  const at = `${github.url}/repos/acme/widgets/actions/secrets?per_page=40&page=`;
  expect(first.headers.link).toBe(`<${at}2>; rel="next", <${at}3>; rel="last"`);
  const last = await actions().listRepoSecrets({ ...AT, per_page: 40, page: 3 });
  expect([last.data.secrets.length, last.headers.link]).toEqual([
    20,
    `<${at}2>; rel="prev", <${at}1>; rel="first"`,
  ]);
  const all = await paginate()(octokit().actions.listRepoSecrets, { ...AT, per_page: 40 });
  expect(all.map(({ name }) => name)).toEqual(github.repository().secrets());
});

test("the published box opens to its value", async () => {
  const { secret_key_hex, public_key_hex, plaintext, box_base64 } = vectors.sealed_box;
  github.repository().rotateKey({
    publicKey: sodium.from_hex(public_key_hex),
    privateKey: sodium.from_hex(secret_key_hex),
  });
  expect(await put("API_KEY", "", { encrypted_value: box_base64 })).toBe(201);
  expect(github.repository().secret("API_KEY")?.value).toBe(plaintext);
});

test.skipIf(!toolAvailable("pynacl"))(
  "a box sealed by PyNaCl opens to its value, in every kind of scope",
  async () => {
    const program = `import sys, base64
from nacl.public import PublicKey, SealedBox
key, value = sys.stdin.buffer.read().split(b"\\n", 1)
print(base64.b64encode(SealedBox(PublicKey(base64.b64decode(key))).encrypt(value)).decode())`;
    const value = "s3cr3t-välue-✓\nwith a second line\n";
    const repository = github.repository();
    const scopes = {
      "repos/acme/widgets/actions": repository.secretsOf.actions,
      "repos/acme/widgets/dependabot": repository.secretsOf.dependabot,
      "repos/acme/widgets/codespaces": repository.secretsOf.codespaces,
      "repos/acme/widgets/agents": repository.secretsOf.agents,
      "repos/acme/widgets/environments/production": await repository.addEnvironment("production"),
      "orgs/acme/actions": github.organization().secrets.actions,
      "orgs/acme/dependabot": github.organization().secrets.dependabot,
    };
    const headers = { authorization: `Bearer ${DEFAULT_TOKEN}` };
    for (const [path, scope] of Object.entries(scopes)) {
      const { key, key_id } = await (
        await fetch(`${github.url}/${path}/secrets/public-key`, { headers })
      ).json();
      const encrypted_value = execFileSync(commandOf("pynacl"), ["-c", program], {
        input: `${key}\n${value}`,
      })
        .toString()
        .trim();
      const readers = path.startsWith("orgs/") ? { visibility: "all" } : {};
      const body = JSON.stringify({ encrypted_value, key_id, ...readers });
      expect(
        (await fetch(`${github.url}/${path}/secrets/API_KEY`, { method: "PUT", body, headers }))
          .status,
      ).toBe(201);
      expect(scope.get("API_KEY")?.value).toBe(value);
    }
  },
);
