// The contract suite of destinations, which each adapter's test runs on the real thing.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Secret } from "../src/core/base/secret.ts";
import { seal } from "../src/core/credentials/seal.ts";
import type { Destination } from "../src/core/ports/destination.ts";

/** One destination under test, fresh and empty. */
export type DestinationFixture = {
  readonly destination: Destination;
  /** What a consumer sees: the opened value, or null where there is no such secret. */
  read(secretName: string): Promise<string | null>;
  close(): Promise<void>;
};

const NAME = "API_KEY";
/** GitHub's limit for one secret; the vault keeps the same one. */
const LARGEST_BYTES = 48 * 1024;

/** Runs the suite. `setup` gives a fresh destination for each test. */
export function destinationContract(name: string, setup: () => Promise<DestinationFixture>): void {
  describe(`the destination contract: ${name}`, () => {
    let fixture: DestinationFixture;
    beforeEach(async () => {
      fixture = await setup();
    });
    afterEach(async () => {
      await fixture.close();
    });
    describe("publicKey", () => keys(() => fixture));
    describe("put", () => placing(() => fixture));
    describe("list", () => listing(() => fixture));
  });
}

function keys(fixture: () => DestinationFixture): void {
  test("is 32 bytes in standard base64 with padding, and has an id", async () => {
    const { keyId, key } = await fixture().destination.publicKey();
    expect(Buffer.from(key, "base64")).toHaveLength(32);
    expect(Buffer.from(key, "base64").toString("base64")).toBe(key);
    expect(keyId).toMatch(/^\S+$/);
  });

  test("stays the same, asked twice or at once", async () => {
    const { destination } = fixture();
    const first = await destination.publicKey();
    expect(await Promise.all([destination.publicKey(), destination.publicKey()])).toEqual([
      first,
      first,
    ]);
  });
}

function placing(fixture: () => DestinationFixture): void {
  test.each([
    ["plain", "s3cr3t"],
    ["unicode", "s3cr3t-välue-✓-𝔘"],
    ["lines", "-----BEGIN-----\nabc\r\ndef\n-----END-----\n"],
    ["quotes and blanks", ` "a" 'b' $c \`d\` \\n\t`],
    ["the largest", "x".repeat(LARGEST_BYTES)],
  ])("a sealed value reads back exactly: %s", async (_, value) => {
    const { destination, read } = fixture();
    await destination.put(NAME, await seal(new Secret(value), await destination.publicKey()));
    expect((await read(NAME)) === value).toBe(true);
  });

  test("the same box again changes nothing", async () => {
    const { destination, read } = fixture();
    const box = await seal(new Secret("first"), await destination.publicKey());
    await destination.put(NAME, box);
    await destination.put(NAME, box);
    expect(await read(NAME)).toBe("first");
    expect((await destination.list()).map((secret) => secret.name)).toEqual([NAME]);
  });

  test("a new value replaces the old one, and no other", async () => {
    const { destination, read } = fixture();
    const key = await destination.publicKey();
    await destination.put(NAME, await seal(new Secret("first"), key));
    await destination.put("OTHER", await seal(new Secret("other"), key));
    await destination.put(NAME, await seal(new Secret("second"), key));
    expect([await read(NAME), await read("OTHER")]).toEqual(["second", "other"]);
  });

  test("several at once all arrive", async () => {
    const { destination, read } = fixture();
    const key = await destination.publicKey();
    const names = Array.from({ length: 8 }, (_, index) => `TOKEN_${index}`);
    await Promise.all(
      names.map(async (name) =>
        destination.put(name, await seal(new Secret(`value of ${name}`), key)),
      ),
    );
    expect(await Promise.all(names.map(read))).toEqual(names.map((name) => `value of ${name}`));
  });
}

function listing(fixture: () => DestinationFixture): void {
  test("is empty at first, and nothing can be read", async () => {
    const { destination, read } = fixture();
    expect(await destination.list()).toEqual([]);
    expect(await read(NAME)).toBeNull();
  });

  test("shows each secret's name and times, never its value", async () => {
    const { destination } = fixture();
    const key = await destination.publicKey();
    for (const name of ["ALPHA", "BETA"])
      await destination.put(name, await seal(new Secret("canary-value"), key));
    const secrets = await destination.list();
    expect(secrets.map((secret) => secret.name).sort()).toEqual(["ALPHA", "BETA"]);
    for (const secret of secrets) {
      expect(new Set(Object.keys(secret))).toEqual(new Set(["createdAt", "name", "updatedAt"]));
      for (const at of [secret.createdAt, secret.updatedAt])
        expect(at === null || !Number.isNaN(Date.parse(at))).toBe(true);
    }
    expect(JSON.stringify(secrets)).not.toContain("canary-value");
  });
}
