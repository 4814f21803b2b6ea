// Files that containers read, on a real disk: the contract, modes, other programs as readers, and files left alone.
import { execFile } from "node:child_process";
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeEach, describe, expect, test } from "vitest";
import { destinationContract } from "../../../test/destination-contract.ts";
import { useFolders } from "../../../test/folders.ts";
import { temporaryFolder } from "../../../test/git-repository.ts";
import { Secret } from "../../core/base/secret.ts";
import { seal } from "../../core/credentials/seal.ts";
import type { FileFormat } from "../../core/model/scope.ts";
import { fileDestination } from "./file.ts";
import { openVault } from "./vault.ts";

const run = promisify(execFile);

for (const format of ["files", "json"] as const) {
  destinationContract(`files for containers, ${format}`, async () => {
    const folder = await temporaryFolder();
    const path = format === "files" ? folder.path : join(folder.path, "secrets.json");
    return {
      destination: fileDestination({ directory: folder.path, key: null, path, format }),
      async read(name) {
        if (format === "files") return readFile(join(path, name), "utf8").catch(() => null);
        return JSON.parse(await readFile(path, "utf8").catch(() => "{}"))[name] ?? null;
      },
      close: folder.close,
    };
  });
}

const folders = useFolders();
let directory: string;
beforeEach(async () => {
  directory = await folders.folder();
  await mkdir(join(directory, "run"));
});

const open = (path: string, format: FileFormat) =>
  fileDestination({ directory, key: null, path, format });
async function put(path: string, format: FileFormat, secrets: Readonly<Record<string, string>>) {
  const destination = open(path, format);
  for (const [name, value] of Object.entries(secrets))
    await destination.put(name, await seal(new Secret(value), await destination.publicKey()));
  return destination;
}
const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);
const newcomer = [{ name: "A", isNew: true, alone: true, access: null }];

test.each([
  ["files", "run", "run/A"],
  ["files", "run/", "run/A"],
  ["dotenv", "run/app.env", "run/app.env"],
  ["json", "run/app.json", "run/app.json"],
] as const)(
  "%s at %s: only the owner may read it, whatever file was there before, and nothing is left beside it",
  async (format, path, file) => {
    await put(path, format, { A: "first" });
    expect(await mode(join(directory, file))).toBe("600");
    await chmod(join(directory, file), 0o644);
    await put(path, format, { A: "second" });
    expect(await mode(join(directory, file))).toBe("600");
    expect(await readFile(join(directory, file), "utf8")).toContain("second");
    expect(await readdir(join(directory, "run"))).toEqual([file.slice("run/".length)]);
  },
);

test("a box sealed for the vault's key opens here too, since they share it", async () => {
  const vault = openVault({ directory, key: null, now: () => new Date(0) });
  expect(await open("run", "files").publicKey()).toEqual(await vault.publicKey());
});

describe("dotenv", () => {
  const values = {
    PLAIN: "aZ09_.,:/@%+=^-",
    SPECIAL: ` "a" $HOME \`id\` # ! \\n ~ * ; &`,
    LINES: "-----BEGIN-----\nabc\n-----END-----\n",
  };

  test("a shell and Node.js read what was sealed", async () => {
    await put("run/app.env", "dotenv", values);
    // The file is read and written again with each.
    await put("run/app.env", "dotenv", { LAST: "x" });
    const show = `process.stdout.write(JSON.stringify(Object.fromEntries(${JSON.stringify(Object.keys(values))}.map((name) => [name, process.env[name]]))))`;
    const file = join(directory, "run/app.env");
    const byNode = await run(process.execPath, [`--env-file=${file}`, "-e", show], { env: {} });
    expect(JSON.parse(byNode.stdout)).toEqual(values);
    const byShell = await run(
      "sh",
      ["-c", 'set -a; . "$0"; exec "$@"', file, process.execPath, "-e", show],
      {
        env: { PATH: process.env.PATH },
      },
    );
    expect(JSON.parse(byShell.stdout)).toEqual(values);
  });

  test("a value that readers disagree about is refused, and the old value stays", async () => {
    const destination = await put("run/app.env", "dotenv", { A: "first" });
    for (const value of ["it's", "a\r\nb"]) {
      const box = await seal(new Secret(value), await destination.publicKey());
      const error: unknown = await destination.put("A", box).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ kind: "misconfigured", code: "value-not-dotenv" });
      expect(String(error)).not.toContain(value);
    }
    expect(await readFile(join(directory, "run/app.env"), "utf8")).toContain("\nA=first\n");
  });

  test("other secrets of the file are kept, in order", async () => {
    await put("run/app.env", "dotenv", { B: "two", A: "one" });
    const lines = (await readFile(join(directory, "run/app.env"), "utf8")).split("\n");
    expect(lines.slice(1)).toEqual(["A=one", "B=two", ""]);
    expect((await open("run/app.env", "dotenv").list()).map(({ name }) => name)).toEqual([
      "A",
      "B",
    ]);
  });
});

describe("refused before anything is written", () => {
  const cases: [string, string, FileFormat, string][] = [
    ["a folder that is not there", "nowhere", "files", "no-directory"],
    ["a file in a folder that is not there", "nowhere/app.json", "json", "no-directory"],
    ["a way out of the record's folder", "../outside", "files", "path-refused"],
    ["git's own folder", ".git/hooks", "files", "path-refused"],
    ["a folder where a file should be", "run", "json", "path-refused"],
    ["a file of another program", "foreign", "dotenv", "file-not-ours"],
    ["JSON of another program", "foreign", "json", "file-not-ours"],
    ["a symbolic link", "link", "json", "path-refused"],
  ];
  test.each(cases)("%s", async (_, path, format, code) => {
    await writeFile(join(directory, "foreign"), '{"port": 80}\n');
    await symlink(join(directory, "foreign"), join(directory, "link"));
    const destination = open(path, format);
    await expect(destination.admit(newcomer)).rejects.toMatchObject({
      kind: "misconfigured",
      code,
      hint: expect.any(String),
    });
    await expect(put(path, format, { A: "value" })).rejects.toMatchObject({ code });
    expect(await readFile(join(directory, "foreign"), "utf8")).toBe('{"port": 80}\n');
  });

  test("a file that git would commit", async () => {
    const repository = await folders.repository();
    const destination = fileDestination({
      directory: repository.directory,
      key: null,
      path: "app.json",
      format: "json",
    });
    await expect(destination.admit(newcomer)).rejects.toMatchObject({
      kind: "misconfigured",
      code: "file-not-ignored",
    });
    await writeFile(join(repository.directory, ".gitignore"), "/app.json\n/run/A\n");
    expect(await destination.admit(newcomer)).toEqual(new Map());
    await mkdir(join(repository.directory, "run"));
    const folder = fileDestination({
      directory: repository.directory,
      key: null,
      path: "run",
      format: "files",
    });
    expect(await folder.admit(newcomer)).toEqual(new Map());
    const both = [...newcomer, { name: "B", isNew: true, alone: true, access: null }];
    await expect(folder.admit(both)).rejects.toMatchObject({
      code: "file-not-ignored",
      message: expect.stringContaining("run/B"),
    });
  });

  test("a box for another key, or one that does not open", async () => {
    const destination = await put("run", "files", { A: "first" });
    const { keyId } = await destination.publicKey();
    await expect(destination.put("A", { keyId: "other", sealed: "AAAA" })).rejects.toMatchObject({
      code: "vault-wrong-key",
    });
    await expect(destination.put("A", { keyId, sealed: "AAAA" })).rejects.toMatchObject({
      code: "box-unreadable",
    });
    expect(await readFile(join(directory, "run/A"), "utf8")).toBe("first");
  });
});

test("several runs that write one file lose nothing", async () => {
  const names = Array.from({ length: 12 }, (_, index) => `T${index}`);
  await Promise.all(
    names.map((name) => put("run/app.json", "json", { [name]: `value of ${name}` })),
  );
  expect(JSON.parse(await readFile(join(directory, "run/app.json"), "utf8"))).toEqual(
    Object.fromEntries(names.toSorted().map((name) => [name, `value of ${name}`])),
  );
});
