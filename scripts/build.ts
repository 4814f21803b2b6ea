// The build of everything that ships. A flag chooses one target (default: all). `--out FOLDER` puts a bundle elsewhere.
// `--check` writes nothing, and fails if the committed bundle of the Action differs from the sources. Prints only failures.
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { bundleAction } from "./action-bundle.ts";
import { buildCli } from "./cli-bundle.ts";
import { type BundledHost, HOST_BUNDLES, writeHostFolder } from "./host-bundles.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const CLI_FOLDER = join(ROOT, "dist");
const ACTION_FOLDER = join(ROOT, "action/dist");

/** A target by the name of its flag. `out` is the folder that was asked for, else undefined. */
const TARGETS: Readonly<Record<string, (out: string | undefined) => Promise<void>>> = {
  /** dist/cli.js, which the package holds. */
  async cli(out) {
    if (out === undefined) await rm(CLI_FOLDER, { recursive: true, force: true });
    await buildCli(out ?? CLI_FOLDER);
  },
  /** action/dist, which is committed: it is what a workflow runs. */
  action: (out) => writeFolder(out ?? ACTION_FOLDER, bundleAction(ROOT)),
  cloudflare: (out) => writeHost("cloudflare", out),
  lambda: (out) => writeHost("lambda", out),
  vercel: (out) => writeHost("vercel", out),
};

async function writeHost(host: BundledHost, out: string | undefined): Promise<void> {
  const folder = out ?? join(ROOT, HOST_BUNDLES[host].folder);
  await rm(folder, { recursive: true, force: true });
  await writeHostFolder(ROOT, host, folder);
}

/** Built before the folder is emptied: a failed build leaves what was there. */
async function writeFolder(
  folder: string,
  building: Promise<ReadonlyMap<string, string>>,
): Promise<void> {
  const files = await building;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const [name, content] of files) await writeFile(join(folder, name), content);
}

/** The names of files that are missing, superfluous or different from what the sources make. */
async function staleFiles(
  folder: string,
  building: Promise<ReadonlyMap<string, string>>,
): Promise<string[]> {
  const wanted = await building;
  const present: readonly string[] = await readdir(folder).catch(() => []);
  const stale: string[] = [];
  for (const name of new Set([...wanted.keys(), ...present])) {
    const content = wanted.get(name);
    const same =
      content !== undefined &&
      present.includes(name) &&
      (await readFile(join(folder, name))).equals(Buffer.from(content));
    if (!same) stale.push(name);
  }
  return stale;
}

const names = Object.keys(TARGETS);
const flag = { type: "boolean" } as const;
const { values, tokens } = parseArgs({
  options: {
    out: { type: "string" },
    check: flag,
    ...Object.fromEntries(names.map((name) => [name, flag])),
  },
  tokens: true,
});
const asked = tokens.flatMap((token) =>
  token.kind === "option" && names.includes(token.name) ? [token.name] : [],
);
if (values.check) {
  const folder = values.out ?? ACTION_FOLDER;
  for (const name of await staleFiles(folder, bundleAction(ROOT))) {
    console.error(
      `${relative(process.cwd(), join(folder, name))} is not what the sources make. Run npm run build`,
    );
    process.exitCode = 1;
  }
} else {
  for (const name of asked.length > 0 ? asked : names) await TARGETS[name]?.(values.out);
}
