import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { modulesLoadedBy } from "../../../test/loaded-modules.ts";
import { commandOf, toolAvailable } from "../../../test/require-tool.ts";
import { Secret } from "../base/secret.ts";
import { boxKeyPairFromSeed, openBox, seal } from "./seal.ts";

type SealedBoxVector = {
  secret_key_hex: string;
  public_key_hex: string;
  plaintext: string;
  box_base64: string;
};
const vectors: { sealed_box: SealedBoxVector } = JSON.parse(
  readFileSync(new URL("../../../test/vectors.json", import.meta.url), "utf8"),
);
const vector = vectors.sealed_box;
const base64 = (hex: string) => Buffer.from(hex, "hex").toString("base64");
const KEY = { keyId: "568250167242549743", key: base64(vector.public_key_hex) };
const SECRET_KEY = base64(vector.secret_key_hex);

test("a box that another implementation sealed opens", async () => {
  const opened = await openBox(
    { keyId: KEY.keyId, sealed: vector.box_base64 },
    KEY.key,
    SECRET_KEY,
  );
  expect(opened.reveal()).toBe(vector.plaintext);
});

test("what is sealed opens exactly, whatever it holds", async () => {
  const sealable = fc.string({ unit: "binary", minLength: 1 });
  await fc.assert(
    fc.asyncProperty(sealable, async (value) => {
      const box = await seal(new Secret(value), KEY);
      expect(box.keyId).toBe(KEY.keyId);
      expect(Buffer.from(box.sealed, "base64").toString("base64")).toBe(box.sealed);
      expect(Buffer.from(box.sealed, "base64")).toHaveLength(48 + Buffer.byteLength(value));
      expect((await openBox(box, KEY.key, new Secret(SECRET_KEY))).reveal()).toBe(value);
    }),
  );
});

test("a byte order mark is part of the value", async () => {
  const box = await seal(new Secret("\ufeffvalue"), KEY);
  expect((await openBox(box, KEY.key, SECRET_KEY)).reveal()).toBe("\ufeffvalue");
});

test("two boxes of one value differ, and neither shows it", async () => {
  const [one, two] = await Promise.all([
    seal(new Secret("canary-value"), KEY),
    seal(new Secret("canary-value"), KEY),
  ]);
  expect(one.sealed).not.toBe(two.sealed);
  expect(Buffer.from(one.sealed, "base64").toString("latin1")).not.toContain("canary-value");
});

describe("refused", () => {
  test.each([
    ["31 bytes", base64("11".repeat(31)), "it is 31 bytes long, not 32"],
    ["33 bytes", base64("11".repeat(33)), "it is 33 bytes long, not 32"],
    ["empty", "", "it is 0 bytes long, not 32"],
    ["URL-safe base64", "-_".repeat(21).concat("-"), "it is not standard base64 with padding"],
    ["no padding", KEY.key.replace("=", ""), "it is not standard base64 with padding"],
    ["a point of low order", base64("00".repeat(32)), "no value can be sealed with it"],
  ])("a public key: %s", async (_, key, seen) => {
    await expect(
      seal(new Secret("canary-value"), { keyId: "7", key }, "actions:owner/name"),
    ).rejects.toMatchObject({
      kind: "misconfigured",
      code: "public-key-unusable",
      message: `the public key "7" of actions:owner/name cannot be used: ${seen}`,
    });
  });

  test.each([
    ["value-empty", ""],
    ["value-not-utf8", "canary-\ud800"],
    ["value-not-utf8", "\udc00canary"],
  ])("a value: %s", async (code, value) => {
    const error = await seal(new Secret(value), KEY).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ kind: "misconfigured", code });
    expect(inspect(error, { depth: 9 })).not.toContain("canary");
  });

  test.each([
    [
      "another key's box",
      async () =>
        seal(new Secret("x"), {
          keyId: "1",
          key: (await boxKeyPairFromSeed(new Uint8Array(32))).publicKey,
        }),
    ],
    ["an altered box", async () => ({ keyId: "1", sealed: `A${vector.box_base64.slice(1)}` })],
    ["a box that is too short", async () => ({ keyId: "1", sealed: base64("11".repeat(47)) })],
    ["text that is not base64", async () => ({ keyId: "1", sealed: "*" })],
  ])("to open %s", async (_, box) => {
    await expect(openBox(await box(), KEY.key, SECRET_KEY)).rejects.toMatchObject({
      kind: "misconfigured",
      code: "box-unreadable",
    });
  });
});

test("one seed, one key pair; the pair seals and opens; the private key shows itself to no one", async () => {
  const seed = Uint8Array.from({ length: 32 }, (_, index) => index);
  const pair = await boxKeyPairFromSeed(seed);
  const again = await boxKeyPairFromSeed(seed);
  expect([again.publicKey, again.secretKey.reveal()]).toEqual([
    pair.publicKey,
    pair.secretKey.reveal(),
  ]);
  const box = await seal(new Secret("value"), { keyId: "vault", key: pair.publicKey });
  expect((await openBox(box, pair.publicKey, pair.secretKey)).reveal()).toBe("value");
  expect(inspect(pair) + JSON.stringify(pair)).not.toContain(pair.secretKey.reveal());
  await expect(boxKeyPairFromSeed(seed.slice(1))).rejects.toMatchObject({
    kind: "misconfigured",
    code: "key-seed-length",
  });
});

test("libsodium loads with the first box, not with the module", async () => {
  const module = JSON.stringify(new URL("./seal.ts", import.meta.url).href);
  const sealing = `await seal({ reveal: () => "x" }, ${JSON.stringify(KEY)})`;
  const loadedBy = async (program: string) => (await modulesLoadedBy(program)).join("\n");
  expect(await loadedBy(`await import(${module})`)).not.toContain("libsodium");
  expect(await loadedBy(`const { seal } = await import(${module}); ${sealing}`)).toContain(
    "libsodium",
  );
});

const OPEN_WITH_PYNACL = `
import base64, sys
from nacl.public import PrivateKey, SealedBox
key, box = sys.stdin.read().split()
sys.stdout.buffer.write(SealedBox(PrivateKey(base64.b64decode(key))).decrypt(base64.b64decode(box)))
`;
test.skipIf(!toolAvailable("pynacl"))("PyNaCl opens what is sealed", async () => {
  for (const value of [vector.plaintext, "a\nb\r\n", "x".repeat(48 * 1024)]) {
    const { sealed } = await seal(new Secret(value), KEY);
    const opened = execFileSync(commandOf("pynacl"), ["-c", OPEN_WITH_PYNACL], {
      input: `${SECRET_KEY}\n${sealed}`,
      encoding: "utf8",
    });
    expect(opened).toBe(value);
  }
});
