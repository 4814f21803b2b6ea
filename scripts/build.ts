// The build of everything that ships. A flag chooses one target (default: all). `--out FOLDER` puts a bundle elsewhere.
// `--check` writes nothing, and fails if the committed bundle of the Action differs from the sources. Prints only failures.
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "rolldown";
import { bundleAction } from "./action-bundle.ts";
import { type BundledHost, HOST_BUNDLES, writeHostFolder } from "./host-bundles.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const ACTION_FOLDER = join(ROOT, "action/dist");

/** A target by the name of its flag. `out` is the folder that was asked for, else undefined. */
const TARGETS: Readonly<Record<string, (out: string | undefined) => Promise<void>>> = {
  /** dist/cli.js, for Node.js 20 and later. Code that a command may not need is in chunks of its own. */
  cli: (out) =>
    bundle({ input: { cli: "src/cli/main.ts" }, out, folder: "dist", target: "node20" }),
  /** action/dist, which is committed, since workflows run it. */
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

type Bundle = {
  /** Entry's name to its file. */
  readonly input: Readonly<Record<string, string>>;
  readonly out: string | undefined;
  /** The output folder by default. It is emptied first. */
  readonly folder: string;
  readonly target: string;
};

async function bundle({ input, out, folder, target }: Bundle): Promise<void> {
  if (out === undefined) await rm(`${ROOT}${folder}`, { recursive: true, force: true });
  await build({
    cwd: ROOT,
    input: { ...input },
    platform: "node",
    // jsonc-parser's "main" is a UMD file, which bundlers cannot follow.
    resolve: { mainFields: ["module", "main"] },
    transform: { target },
    logLevel: "warn",
    output: {
      dir: out ?? `${ROOT}${folder}`,
      format: "esm",
      entryFileNames: "[name].js",
      chunkFileNames: "[name]-[hash].js",
    },
  });
}

/** Built before the folder is emptied, so a failed build leaves the old files. */
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
