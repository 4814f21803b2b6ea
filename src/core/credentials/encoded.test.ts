// Bytes written as text, and key pairs, as the record, the CLI and the API ask for them.
import { createPrivateKey, createPublicKey } from "node:crypto";
import { validate, version } from "uuid";
import { describe, expect, test } from "vitest";
import { runCli } from "../../../test/cli.ts";
import { useFolders } from "../../../test/folders.ts";
import { parseConfig } from "../config/parse.ts";
import { generateValue, makeValue } from "./generate.ts";
import type { GenerateRequest } from "./generated.ts";

const folders = useFolders();
const request = (
  type: GenerateRequest["type"],
  rest: Partial<GenerateRequest> = {},
): GenerateRequest => ({
  type,
  length: null,
  prefix: null,
  includeSpecial: null,
  ...rest,
});
const NO_PAIR = { algorithm: null, bits: null, format: null };

describe("bytes as text", () => {
  test.each([
    ["hex", {}, /^[0-9a-f]{64}$/, 256],
    ["hex", { length: 32 }, /^[0-9a-f]{32}$/, 128],
    ["hex", { prefix: "0x" }, /^0x[0-9a-f]{64}$/, 256],
    ["base64url", {}, /^[A-Za-z0-9_-]{43}$/, 256],
    ["base64url", { length: 24 }, /^[A-Za-z0-9_-]{24}$/, 144],
    ["uuid", {}, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/, 73],
  ] as const)("%s %j", (type, rest, form, bits) => {
    const { value, length, entropyBits, warnings } = generateValue(request(type, rest));
    expect(value.reveal()).toMatch(form);
    expect([length, entropyBits]).toEqual([value.reveal().length, bits]);
    expect(warnings.length > 0).toBe(bits < 128);
  });

  test("decodes to the bytes that were drawn, and so has no bits that mean nothing", () => {
    const random = (count: number) => Uint8Array.from({ length: count }, (_, index) => 255 - index);
    for (const type of ["hex", "base64url"] as const) {
      const text = generateValue(request(type), random).value.reveal();
      expect(Buffer.from(text, type)).toEqual(Buffer.from(random(32)));
      expect(Buffer.from(text, type).toString(type)).toBe(text);
    }
  });

  test("of a UUID is one to the package that defines them, and begins with the time", () => {
    const before = Date.now();
    const first = generateValue(request("uuid")).value.reveal();
    const after = Date.now();
    expect([validate(first), version(first)]).toEqual([true, 7]);
    const made = Number.parseInt(first.replaceAll("-", "").slice(0, 12), 16);
    expect({ made, inTime: before <= made && made <= after }).toEqual({ made, inTime: true });
  });

  test.each([
    ["hex", { length: 33 }, "length-incomplete"],
    ["base64url", { length: 41 }, "length-incomplete"],
    ["uuid", { length: 32 }, "length-fixed"],
    ["uuid", { prefix: "id-" }, "length-fixed"],
    ["hex", { includeSpecial: true }, "special-not-allowed"],
    ["hex", { length: 2 }, "length-too-short"],
    ["hex", { length: 4 }, "length-too-short"],
    ["hex", { length: 8, prefix: "key_" }, "length-too-short"],
    ["key_pair", {}, "not-a-value"],
  ] as const)("%s %j is refused: %s", (type, rest, code) => {
    expect(() => generateValue(request(type, rest))).toThrow(expect.objectContaining({ code }));
  });
});

describe("a key pair", () => {
  test("has nothing to choose that values have, and values nothing that it has", async () => {
    await expect(makeValue(request("key_pair", { length: 32 }), NO_PAIR)).rejects.toMatchObject({
      code: "key-pair-fixed",
    });
    await expect(makeValue(request("hex"), { ...NO_PAIR, format: "jwk" })).rejects.toMatchObject({
      code: "not-a-key-pair",
    });
  });

  test("is printed as its private key alone; with --json beside the public one", async () => {
    const directory = await folders.folder();
    const plain = await runCli(["generate", "key_pair"], { directory });
    expect(plain).toMatchObject({ code: 0, stderr: "" });
    expect(createPrivateKey(plain.stdout).asymmetricKeyType).toBe("ed25519");
    const told = JSON.parse(
      (await runCli(["generate", "key_pair", "--algorithm", "ecdsa", "--json"], { directory }))
        .stdout,
    );
    const own = createPublicKey(createPrivateKey(told.token)).export({
      type: "spki",
      format: "pem",
    });
    expect(told).toMatchObject({ type: "key_pair", public_key: own, entropy_bits: 128 });
  });
});

test("options of key pairs on other tokens, and bits of other keys, are told with their place", () => {
  const text = JSON.stringify({
    version: 1,
    tokens: {
      A: { issuer: { use: "generate", format: "jwk", publish: { to: "file", path: "a.json" } } },
      B: { type: "key_pair", issuer: { use: "generate", bits: 4096 } },
      C: {
        type: "key_pair",
        issuer: { use: "generate", publish: { to: "file", path: "../c.json" } },
      },
      D: { type: "key_pair", length: 12, issuer: { use: "generate" } },
    },
  });
  const parsed = parseConfig(text, { kind: "local", repository: null });
  expect(parsed.ok ? [] : parsed.problems.map(({ pointer, code }) => `${pointer} ${code}`)).toEqual(
    [
      "/tokens/A/issuer/format not-a-key-pair",
      "/tokens/A/issuer/publish not-a-key-pair",
      "/tokens/B/issuer/bits not-rsa",
      "/tokens/C/issuer/publish/path invalid-path",
      "/tokens/D key-pair-fixed",
    ],
  );
});
