// The vault on a real disk: the contract, its key, damage and tampering, and other processes.
import { existsSync } from "node:fs";
import { chmod, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runToEnd } from "../../../test/child-process.ts";
import { destinationContract } from "../../../test/destination-contract.ts";
import { temporaryFolder, testRepository } from "../../../test/git-repository.ts";
import { Secret } from "../../core/base/secret.ts";
import { seal } from "../../core/credentials/seal.ts";
import { localStore } from "../stores/local.ts";
import { openVault, type Vault } from "./vault.ts";

const BASE64_KEY = Buffer.alloc(32, 7).toString("base64");
const HEX_KEY = Buffer.alloc(32, 7).toString("hex");
const WRITER = new URL("../../../test/vault-writer.ts", import.meta.url);

for (const [name, key] of [
  ["key file", null],
  ["given key", new Secret(BASE64_KEY)],
] as const) {
  destinationContract(`vault, ${name}`, async () => {
    const folder = await temporaryFolder();
    const vault = openVault({ directory: folder.path, key, now: () => new Date() });
    return {
      destination: vault,
      read: async (secret) => (await vault.get(secret))?.reveal() ?? null,
      close: folder.close,
    };
  });
}

let directory: string;
let close: () => Promise<void>;
let now: Date;
beforeEach(async () => {
  ({ path: directory, close } = await temporaryFolder());
  now = new Date("2026-01-01T00:00:00.000Z");
});
afterEach(() => close());

const open = (key: string | null = null) =>
  openVault({ directory, key: key === null ? null : new Secret(key), now: () => now });
const inVault = (name: string) => join(directory, ".token-automation", name);
const readVault = () => readFile(inVault("vault.json"), "utf8");
const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);
async function put(vault: Vault, name: string, value: string): Promise<void> {
  await vault.put(name, await seal(new Secret(value), await vault.publicKey()));
}
async function reveal(vault: Vault, name: string): Promise<string | null> {
  return (await vault.get(name))?.reveal() ?? null;
}

/** Every way to use a vault whose files are wrong. All refuse with that code, and the files stay as they are. */
async function refusesAll(vault: Vault, code: string): Promise<void> {
  const before = existsSync(inVault("vault.json")) ? await readVault() : null;
  const box = { keyId: (await open(BASE64_KEY).publicKey()).keyId, sealed: "AAAA" };
  const uses = [
    () => vault.get("A"),
    () => vault.names(),
    () => vault.list(),
    () => vault.put("A", box),
    () => put(vault, "A", "new"),
  ];
  for (const use of uses)
    await expect(use()).rejects.toMatchObject({ name: "Misconfigured", hint: expect.any(String) });
  await expect(vault.get("A")).rejects.toMatchObject({ code });
  await expect(put(vault, "A", "new")).rejects.toMatchObject({ code });
  expect(existsSync(inVault("vault.json")) ? await readVault() : null).toBe(before);
}

describe("the files", () => {
  test("reading makes none", async () => {
    expect([await open().names(), await open().list(), await open().get("A")]).toEqual([
      [],
      [],
      null,
    ]);
    expect(await readdir(directory)).toEqual([]);
  });

  test("are the owner's alone under any umask, and leave nothing beside them", async () => {
    const umask = process.umask(0);
    await put(open(), "A", "one");
    process.umask(umask);
    expect((await readdir(join(inVault(".")))).sort()).toEqual([
      ".gitignore",
      "vault.json",
      "vault.key",
    ]);
    expect(
      await Promise.all([".", "vault.json", "vault.key"].map((name) => mode(inVault(name)))),
    ).toEqual(["700", "600", "600"]);
    await chmod(inVault("vault.json"), 0o644);
    await put(open(), "A", "two");
    expect(await mode(inVault("vault.json"))).toBe("600");
  });

  test("hold names and times, in order, and boxes", async () => {
    const vault = open(HEX_KEY);
    await put(vault, "B", "b");
    now = new Date("2026-02-01T00:00:00.000Z");
    await put(vault, "A", "a");
    await put(vault, "B", "b2");
    const created = "2026-01-01T00:00:00.000Z";
    const updated = "2026-02-01T00:00:00.000Z";
    const sealed = expect.stringMatching(/^[A-Za-z0-9+/]+=*$/);
    expect(JSON.parse(await readVault())).toEqual({
      format: "token-automation-vault",
      version: 1,
      key_id: expect.stringMatching(/^[0-9a-f]{16}$/),
      entries: {
        A: { sealed, created_at: updated, updated_at: updated },
        B: { sealed, created_at: created, updated_at: updated },
      },
      mac: expect.stringMatching(/^[A-Za-z0-9+/]{43}=$/),
    });
    expect([await vault.names(), await reveal(vault, "A"), await reveal(vault, "B")]).toEqual([
      ["A", "B"],
      "a",
      "b2",
    ]);
    expect(existsSync(inVault("vault.key"))).toBe(false);
  });

  test("names that objects have of their own are names like any other", async () => {
    for (const name of ["__proto__", "constructor", "toString"]) {
      expect(await open().get(name)).toBeNull();
      await put(open(), name, `value of ${name}`);
    }
    expect(await open().names()).toEqual(["__proto__", "constructor", "toString"]);
    expect(await reveal(open(), "__proto__")).toBe("value of __proto__");
  });

  test.each(["", "1A", "A-B", "A B", "../A", "A".repeat(256), "Ä"])(
    "no secret is named %j",
    async (name) => {
      await expect(put(open(), name, "x")).rejects.toMatchObject({ code: "name-refused" });
    },
  );
});

describe("the key", () => {
  test("is the same in hex, in base64, in its URL form, and with blanks around it", async () => {
    const key = Buffer.alloc(32, 0xfb);
    const forms = [
      key.toString("hex"),
      key.toString("hex").toUpperCase(),
      key.toString("base64"),
      key.toString("base64url"),
      ` ${key.toString("base64")}\n`,
    ];
    const ids = await Promise.all(forms.map(async (form) => (await open(form).publicKey()).key));
    expect(new Set(ids).size).toBe(1);
  });

  test.each([
    "",
    "password",
    "a".repeat(63),
    "g".repeat(64),
    BASE64_KEY.slice(2),
    `${BASE64_KEY}AAAA`,
    "é".repeat(43),
  ])("anything else is refused, and not shown: %j", async (key) => {
    const error: unknown = await open(key)
      .publicKey()
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: "vault-key-invalid",
      hint: expect.stringContaining("openssl rand -base64 32"),
    });
    expect(key !== "" && String(error).includes(key)).toBe(false);
    expect(await readdir(directory)).toEqual([]);
  });

  test("two first uses at once make one", async () => {
    const keys = await Promise.all(Array.from({ length: 5 }, () => open().publicKey()));
    expect(new Set(keys.map((each) => each.key)).size).toBe(1);
  });

  test.each([0o644, 0o640, 0o602])("a key file with mode %o is refused", async (open_) => {
    await put(open(), "A", "one");
    await chmod(inVault("vault.key"), open_);
    await refusesAll(open(), "vault-key-exposed");
    await expect(open().get("A")).rejects.toMatchObject({
      hint: expect.stringContaining(`chmod 600 '${inVault("vault.key")}'`),
    });
    await chmod(inVault("vault.key"), 0o600);
    expect(await reveal(open(), "A")).toBe("one");
  });

  test("an empty key file is refused", async () => {
    await put(open(), "A", "one");
    await writeFile(inVault("vault.key"), "");
    await refusesAll(open(), "vault-key-invalid");
  });

  test("a vault without its key is refused, and no new key is made", async () => {
    await put(open(), "A", "one");
    await rm(inVault("vault.key"));
    await refusesAll(open(), "vault-key-missing");
    expect(existsSync(inVault("vault.key"))).toBe(false);
  });

  test("another vault's key is reported as such", async () => {
    await put(open(BASE64_KEY), "A", "one");
    await refusesAll(open(Buffer.alloc(32, 8).toString("hex")), "vault-wrong-key");
    expect(await reveal(open(HEX_KEY), "A")).toBe("one");
  });

  test("a link in place of the folder is refused", async () => {
    await mkdir(join(directory, "elsewhere"));
    await symlink(join(directory, "elsewhere"), join(directory, ".token-automation"));
    await expect(open().publicKey()).rejects.toMatchObject({ code: "path-refused" });
    expect(await readdir(join(directory, "elsewhere"))).toEqual([]);
  });
});

describe("damage and tampering", () => {
  type File = {
    version: number;
    entries: Record<string, Record<string, string>>;
    [key: string]: unknown;
  };
  const tampered: Record<string, (file: File) => unknown> = {
    "boxes swapped between names": ({ entries: { A, B }, ...file }) => ({
      ...file,
      entries: { A: B, B: A },
    }),
    "a secret renamed": ({ entries: { A, B }, ...file }) => ({ ...file, entries: { A, C: B } }),
    "a secret removed": ({ entries: { A }, ...file }) => ({ ...file, entries: { A } }),
    "a time changed": (file) => ({
      ...file,
      entries: {
        ...file.entries,
        A: { ...file.entries.A, updated_at: "2027-01-01T00:00:00.000Z" },
      },
    }),
    "another MAC": (file) => ({ ...file, mac: Buffer.alloc(32).toString("base64") }),
    "a short MAC": (file) => ({ ...file, mac: "" }),
    "no MAC": ({ mac: _, ...file }) => file,
    "a field more": (file) => ({ ...file, more: 1 }),
    "entries as a list": (file) => ({ ...file, entries: [] }),
    "an entry of null": (file) => ({ ...file, entries: { A: null } }),
    "another format": (file) => ({ ...file, format: "x" }),
    null: () => null,
  };
  beforeEach(async () => {
    await put(open(HEX_KEY), "A", "one");
    await put(open(HEX_KEY), "B", "two");
  });

  test.each(Object.entries(tampered))("is refused: %s", async (_, change) => {
    await writeFile(inVault("vault.json"), JSON.stringify(change(JSON.parse(await readVault()))));
    await refusesAll(open(HEX_KEY), "vault-damaged");
  });

  test("a value that was sealed with the public key alone is refused", async () => {
    const { sealed } = await seal(new Secret("theirs"), await open(HEX_KEY).publicKey());
    const file: File = JSON.parse(await readVault());
    const forged = { ...file, entries: { ...file.entries, A: { ...file.entries.A, sealed } } };
    await writeFile(inVault("vault.json"), JSON.stringify(forged));
    await refusesAll(open(HEX_KEY), "vault-damaged");
  });

  test("a file cut short anywhere is refused", async () => {
    const whole = await readVault();
    for (const length of [0, 1, 100, Math.floor(whole.length / 2), whole.length - 3]) {
      await writeFile(inVault("vault.json"), whole.slice(0, length));
      await refusesAll(open(HEX_KEY), "vault-damaged");
    }
  });

  test("a newer version is reported as such", async () => {
    await writeFile(
      inVault("vault.json"),
      JSON.stringify({ ...JSON.parse(await readVault()), version: 2 }),
    );
    await refusesAll(open(HEX_KEY), "vault-too-new");
  });

  test("the order and spacing of the file do not matter", async () => {
    const {
      entries: { A, B },
      ...rest
    }: File = JSON.parse(await readVault());
    await writeFile(inVault("vault.json"), JSON.stringify({ entries: { B, A }, ...rest }));
    expect(await reveal(open(HEX_KEY), "B")).toBe("two");
  });

  test("a box that does not open replaces no other", async () => {
    const { keyId, key } = await open(HEX_KEY).publicKey();
    const { sealed } = await seal(
      new Secret("x"),
      await open(Buffer.alloc(32, 8).toString("hex")).publicKey(),
    );
    await expect(open(HEX_KEY).put("A", { keyId, sealed })).rejects.toMatchObject({
      code: "box-unreadable",
    });
    await expect(open(HEX_KEY).put("A", { keyId, sealed: "" })).rejects.toMatchObject({
      code: "box-unreadable",
    });
    const { sealed: good } = await seal(new Secret("x"), { keyId, key });
    await expect(open(HEX_KEY).put("A", { keyId: "other", sealed: good })).rejects.toMatchObject({
      code: "vault-wrong-key",
    });
    expect(await reveal(open(HEX_KEY), "A")).toBe("one");
  });
});

describe("other processes", () => {
  test("processes that write at once lose nothing", async () => {
    const [processes, puts] = [4, 12];
    const prefixes = Array.from({ length: processes }, (_, index) => `P${index}`);
    const codes = await Promise.all(
      prefixes.map((prefix) =>
        runToEnd({ script: WRITER, args: [directory, prefix, String(puts)] }),
      ),
    );
    expect(codes).toEqual(prefixes.map(() => 0));
    const names = await open().names();
    expect(names).toHaveLength(processes * puts);
    expect(await Promise.all(names.map((name) => reveal(open(), name)))).toEqual(
      names.map((name) => `value ${name.split("_")[1]} of ${name.split("_")[0]}`),
    );
  });
});

test("a value is nowhere in the vault's files, in git, or in errors", async () => {
  const repository = await testRepository();
  const canary = "c4n4ry/+ü value-0123456789";
  const vault = openVault({ directory: repository.directory, key: null, now: () => now });
  await put(vault, "API_KEY", canary);
  const store = localStore({
    directory: repository.directory,
    environment: repository.environment,
  });
  await store.save({
    expected: null,
    files: new Map([["token_config.json", "{}\n"]]),
    message: "Rotate API_KEY",
  });
  await repository.git("add", "--all");
  await repository.git("commit", "--quiet", "--allow-empty", "--message", "Everything");

  const file = join(repository.directory, ".token-automation", "vault.json");
  const errors: string[] = [];
  const text = await readFile(file, "utf8");
  for (const broken of [text.slice(0, -20), text.replace("API_KEY", "OTHER")]) {
    await writeFile(file, broken);
    await vault
      .get("API_KEY")
      .catch((error: unknown) =>
        errors.push(
          String(error),
          JSON.stringify(error),
          String(error instanceof Error && error.stack),
        ),
      );
  }
  expect(errors).toHaveLength(6);

  const bytes = Buffer.from(canary);
  const encodings = [
    canary,
    encodeURIComponent(canary),
    ...(["base64", "base64url", "hex"] as const).map((encoding) => bytes.toString(encoding)),
  ];
  const objects = await repository.git("cat-file", "--batch-all-objects", "--batch");
  for (const encoding of encodings) {
    for (const place of [text, objects, ...errors])
      expect(place.includes(encoding.replace(/=+$/, ""))).toBe(false);
  }
  expect(objects).toContain("token_config.json");
  expect(await repository.git("ls-files")).toBe("README.md\ntoken_config.json\n");
  await repository.close();
});
