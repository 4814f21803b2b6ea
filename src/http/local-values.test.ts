// Values over a record on this machine: Request in, whole Response out, real git and a real vault.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import generate from "../../functions/generate.ts";
import rotate from "../../functions/rotate.ts";
import { type LocalHost, localHost } from "../../test/local-host.ts";

const NOW = new Date("2026-06-01T12:00:00.000Z");
const JSON_HEADERS = {
  "content-type": "application/json",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
};
const SHA256 = expect.stringMatching(/^sha256:[0-9a-f]{64}$/);
const COMMIT = { sha: expect.stringMatching(/^[0-9a-f]{40}$/), url: null };
const LOCAL = { kind: "api", actor: "local" };

let host: LocalHost;
beforeEach(async () => {
  host = await localHost(NOW);
});
afterEach(() => host.close());

describe("POST /tokens/generate", () => {
  test("makes a value, describes it, and keeps nothing", async () => {
    const answer = await host.ask(generate, {
      json: { type: "github_pat", length: 40, prefix: "ghp_", include_special: false },
    });
    expect(answer).toEqual({
      status: 200,
      headers: JSON_HEADERS,
      body: {
        token: expect.stringMatching(/^ghp_[0-9A-Za-z]{36}$/),
        type: "github_pat",
        length: 40,
        prefix: "ghp_",
        fingerprint: SHA256,
        entropy_bits: expect.closeTo(30 * Math.log2(62), 9),
        issued: false,
        warnings: [expect.stringMatching(/GitHub/)],
      },
    });
    expect(await host.repository.git("status", "--porcelain")).toBe("");
  });

  test("a guessable value gets no fingerprint without a key", async () => {
    const { body } = await host.ask(generate, { json: { type: "password", length: 8 } });
    expect(body).toMatchObject({ type: "password", length: 8, prefix: "", fingerprint: null });
  });

  test("a key pair's token is its private key, and the public one stands beside it", async () => {
    const { body } = await host.ask(generate, {
      json: { type: "key_pair", algorithm: "rsa", bits: 2048, format: "jwk" },
    });
    expect(body).toMatchObject({
      type: "key_pair",
      entropy_bits: 112,
      fingerprint: null,
      warnings: [expect.stringContaining("112 bits")],
    });
    const { token, public_key } = Object(body);
    const [own, shown] = [token, public_key].map((text) => JSON.parse(String(text)));
    expect(shown).toEqual({
      kty: "RSA",
      n: own.n,
      e: own.e,
      kid: own.kid,
      alg: "RS256",
      use: "sig",
    });
    expect(await host.ask(generate, { json: { type: "hex", algorithm: "rsa" } })).toMatchObject({
      status: 422,
      body: { code: "not-a-key-pair" },
    });
  });

  test("an empty body makes an api_key", async () => {
    expect(await host.ask(generate)).toMatchObject({
      status: 200,
      body: { type: "api_key", length: 32 },
    });
  });
});

describe("POST /tokens/rotate", () => {
  test("declares, rotates, commits, and shows the new value", async () => {
    const answer = await host.ask(rotate, { json: { token_name: "API_KEY" } });
    const report = {
      run_id: expect.any(String),
      started_at: NOW.toISOString(),
      finished_at: NOW.toISOString(),
      dry_run: false,
      triggered_by: LOCAL,
      tokens: [
        {
          token_name: "API_KEY",
          status: "rotated",
          reason: "asked for",
          generation: 1,
          previous_hash: null,
          new_hash: SHA256,
          destinations: [{ id: "vault:local:API_KEY", status: "placed", error: null }],
          warnings: [],
          error: null,
        },
      ],
      rotated: ["API_KEY"],
      failed: [],
      skipped: [],
      commit: COMMIT,
      next_due: null,
      warnings: ["API_KEY was not declared, and is now."],
    };
    expect(answer).toEqual({
      status: 200,
      headers: JSON_HEADERS,
      body: {
        token_name: "API_KEY",
        new_token: expect.stringMatching(/^[0-9A-Za-z]{32}$/),
        rotated_at: NOW.toISOString(),
        previous_hash: null,
        new_hash: SHA256,
        report: expect.objectContaining(report),
      },
    });
    const { state } = await host.record();
    const history = await host.history();
    expect(state.tokens.API_KEY).toMatchObject({
      current: { generation: 1, rotated_at: NOW.toISOString() },
    });
    expect(history.at(-1)).toMatchObject({
      event: "rotated",
      token_name: "API_KEY",
      triggered_by: LOCAL,
    });
  });

  test("the supplied value is placed, and is in no file, commit or log", async () => {
    const canary = `canary-${"x".repeat(40)}`;
    const { status: code, body } = await host.ask(rotate, {
      json: { token_name: "GITHUB_TOKEN", new_token: canary },
    });
    expect({ code, body }).toMatchObject({
      code: 200,
      body: { new_token: canary, new_hash: null },
    });
    expect(await host.repository.git("log", "--patch", "--all")).not.toContain(canary);
    expect(JSON.stringify(await host.record())).not.toContain(canary);
    const again = await host.ask(rotate, { json: { token_name: "GITHUB_TOKEN" } });
    expect(again).toMatchObject({ status: 200, body: { previous_hash: null, new_hash: SHA256 } });
  });

  test("reveal: false keeps the value out of the answer to a caller who may see it", async () => {
    const { status: code, body } = await host.ask(rotate, {
      json: { token_name: "API_KEY", reveal: false },
    });
    expect({ code, body }).toMatchObject({
      code: 200,
      body: { token_name: "API_KEY", new_hash: SHA256 },
    });
    expect(body).not.toHaveProperty("new_token");
  });

  test("a dry run reports what would happen, makes no value, and writes nothing", async () => {
    await host.ask(rotate, { json: { token_name: "API_KEY" } });
    const before = await host.commits();
    const { status: code, body } = await host.ask(rotate, {
      json: { token_name: "API_KEY", dry_run: true },
    });
    expect({ code, body }).toMatchObject({
      code: 200,
      body: {
        token_name: "API_KEY",
        rotated_at: null,
        previous_hash: SHA256,
        new_hash: null,
        report: { dry_run: true, tokens: [{ status: "planned", generation: 2 }] },
      },
    });
    expect(body).not.toHaveProperty("new_token");
    expect(await host.commits()).toBe(before);
  });

  test("create: false refuses an undeclared name, with the nearest name", async () => {
    await host.ask(rotate, { json: { token_name: "API_KEY" } });
    expect(await host.ask(rotate, { json: { token_name: "API_KEYS", create: false } })).toEqual({
      status: 404,
      headers: { ...JSON_HEADERS, "content-type": "application/problem+json" },
      body: {
        type: "about:blank",
        title: "Not Found",
        status: 404,
        detail: 'the token "API_KEYS" is not declared',
        code: "token-missing",
        kind: "misconfigured",
        hint: "Did you mean API_KEY?",
        problems: [
          {
            code: "token-missing",
            pointer: "/tokens",
            position: null,
            message: 'the token "API_KEYS" is not declared',
            hint: "Did you mean API_KEY?",
          },
        ],
      },
    });
  });

  test("a declared github_pat is not replaced by a random value: 422 with the report", async () => {
    await host.repository.commit(
      "token_config.json",
      JSON.stringify({ version: 1, tokens: { DEPLOY: { type: "github_pat" } } }),
    );
    expect(await host.ask(rotate, { json: { token_name: "DEPLOY" } })).toMatchObject({
      status: 422,
      headers: { "content-type": "application/problem+json" },
      body: {
        code: "issuer-required",
        hint: expect.stringContaining("new_token"),
        report: { failed: ["DEPLOY"], commit: null },
      },
    });
    expect(await host.commits()).toBe("2");
  });
});
