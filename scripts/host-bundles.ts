// The bundles that hosts run: one entry of functions/hosts each, and separate files for code that only some requests need.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { basename, dirname, join } from "node:path";
import { build, type Plugin } from "rolldown";

type Files = ReadonlyMap<string, string | Uint8Array>;

type HostBundle = {
  readonly entry: string;
  readonly target: string;
  /** For hosts that may not compile WebAssembly at run time. It is a file beside the bundle, compiled on deployment. */
  readonly wasmAsFile: boolean;
  /** Its path from the project's folder. */
  readonly folder: string;
  /** The whole folder, as the host's tool expects it. */
  readonly layout: (files: Files) => Files;
};

/** A package.json that makes Node.js take the files for modules. */
const MODULES = ["package.json", `${JSON.stringify({ type: "module" })}\n`] as const;

/** Hosts that take a bundle. The others take functions/ as it is. */
export const HOST_BUNDLES = {
  /** The file that wrangler.jsonc names as `main`. */
  cloudflare: {
    entry: "functions/hosts/cloudflare.ts",
    target: "es2024",
    wasmAsFile: true,
    folder: "build/cloudflare",
    layout: (files) => files,
  },
  /** The folder that template.yaml names as `CodeUri`. */
  lambda: {
    entry: "functions/hosts/lambda.ts",
    target: "node24",
    wasmAsFile: false,
    folder: "build/lambda",
    layout: (files) => new Map([...files, MODULES]),
  },
  /** Vercel's Build Output API, version 3: https://vercel.com/docs/build-output-api */
  vercel: {
    entry: "functions/hosts/vercel.ts",
    target: "node24",
    wasmAsFile: false,
    folder: ".vercel/output",
    layout: (files) => {
      const ofFunction = {
        runtime: "nodejs24.x",
        handler: "index.js",
        launcherType: "Nodejs",
        supportsResponseStreaming: true,
      };
      const inFunction = [
        ...files,
        MODULES,
        [".vc-config.json", JSON.stringify(ofFunction)] as const,
      ];
      const everything = { version: 3, routes: [{ src: "/.*", dest: "/index" }] };
      return new Map([
        ["config.json", JSON.stringify(everything)],
        ...inFunction.map(([name, content]) => [`functions/index.func/${name}`, content] as const),
      ]);
    },
  },
} as const satisfies Readonly<Record<string, HostBundle>>;

export type BundledHost = keyof typeof HOST_BUNDLES;

/** A host's record is on GitHub, so code that works on this machine's files stays out of its bundle. */
const LOCAL_ONLY =
  /[\\/]src[\\/](?:local[\\/](?!atomic-file)[\w-]+|stores[\\/]local[\w-]*|destinations[\\/](?:file|vault)|issuers[\\/]command)\.ts$/;
/** libsodium's program, as its package holds it: `\0asm` in base64. */
const EMBEDDED_WASM = /"(AGFzbQ[A-Za-z0-9+/]+={0,2})"/;
const LIBSODIUM = /[\\/]libsodium[\\/]dist[\\/]modules-esm[\\/]libsodium\.mjs$/;
const LIBSODIUM_END = "export default A;\n";
const WASM_FILE = "libsodium.wasm";

/**
 * Replaces libsodium's own start. It instantiates what the host has compiled, and only when the result is awaited. Workers
 * evaluate modules outside any request, and may draw no random number there. libsodium draws one as it starts.
 */
const START_FROM_FILE = `import wasm from "./${WASM_FILE}";
function later(start) {
  let started;
  return { then: (done, failed) => (started ??= start()).then(done, failed) };
}
function instantiateWasm(imports, done) {
  done(new WebAssembly.Instance(wasm, imports));
}
export default (options) => ({ then: (initialise) => later(() => A({ ...options, instantiateWasm }).then(initialise)) });
`;

/** Builds a host's bundle in memory: file name to content. The same sources give the same bytes. */
export async function bundleHost(root: string, host: BundledHost): Promise<Files> {
  const { entry, target, wasmAsFile, layout } = HOST_BUNDLES[host];
  const { output } = await build({
    cwd: root,
    input: { index: entry },
    // Neutral, since "node" adds code that asks for a file's own address, which Workers do not have.
    platform: "neutral",
    write: false,
    logLevel: "warn",
    external: /^node:/,
    makeAbsoluteExternalsRelative: false,
    plugins: [withoutLocal(), nodeByName(), ...(wasmAsFile ? [sodiumFromFile()] : [])],
    // jsonc-parser's "main" is a UMD file, which bundlers cannot follow.
    resolve: { mainFields: ["module", "main"], conditionNames: ["import", "default"] },
    transform: { target },
    // A route may load any of them when it is called. Here they are one file anyway.
    checks: { ineffectiveDynamicImport: false },
    output: {
      format: "esm",
      entryFileNames: "[name].js",
      chunkFileNames: "[name]-[hash].js",
      minify: true,
    },
  });
  return layout(
    new Map(output.map((file) => [file.fileName, file.type === "chunk" ? file.code : file.source])),
  );
}

/** Writes a host's bundle into a folder. Returns the folder. */
export async function writeHostFolder(
  root: string,
  host: BundledHost,
  folder: string,
): Promise<string> {
  for (const [name, content] of await bundleHost(root, host)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return folder;
}

function withoutLocal(): Plugin {
  const refuse = (id: string) =>
    `throw new Error("a host keeps no files: ${basename(id)} is not part of its bundle");`;
  return { name: "without-local", load: { filter: { id: LOCAL_ONLY }, handler: refuse } };
}

/** Older packages leave out the `node:` that Workers need. */
function nodeByName(): Plugin {
  const bare = new RegExp(
    `^(?:${builtinModules.filter((name) => !name.includes(":")).join("|")})$`,
  );
  return {
    name: "node-by-name",
    resolveId: { filter: { id: bare }, handler: (id) => ({ id: `node:${id}`, external: true }) },
  };
}

/** The same libsodium with another source for its WebAssembly. Emscripten's `instantiateWasm` takes it from a file of the host. */
function sodiumFromFile(): Plugin {
  return {
    name: "sodium-from-file",
    resolveId: {
      filter: { id: /^\.\/libsodium\.wasm$/ },
      handler: (id) => ({ id, external: true }),
    },
    load: {
      filter: { id: LIBSODIUM },
      async handler(id) {
        const code = await readFile(id, "utf8");
        const embedded = EMBEDDED_WASM.exec(code)?.[1];
        if (embedded === undefined || !code.endsWith(LIBSODIUM_END))
          throw new Error(`${id} is not built as this program knows it`);
        this.emitFile({
          type: "asset",
          fileName: WASM_FILE,
          source: Buffer.from(embedded, "base64"),
        });
        return code.slice(0, -LIBSODIUM_END.length).replace(embedded, "") + START_FROM_FILE;
      },
    },
  };
}
