// The rules of the layout, held against the sources: what may import what, and who may reach the world.
import { posix } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { readSources, type Source } from "./sources.ts";

/** Files directly in src/ that are no pure core, and why. */
const EFFECTS: Readonly<Record<string, string>> = {
  "src/compose/compose.ts": "chooses the adapters, the clock and the ids of runs",
  "src/compose/record-store.ts": "chooses the adapters for those who only read",
  "src/compose/destinations.ts": "chooses the adapters of destinations",
  "src/compose/issuers.ts": "chooses the adapters of issuers",
  "src/compose/notifiers.ts": "chooses how people are reminded",
  "src/compose/fold-compose-keys.ts": "chooses the adapters of the issuers of keys",
  "src/adapters/local/exec.ts": "runs a command with secrets in its environment",
};
/** Modules of Node.js that reach nothing: digests and random bytes, comparison. */
const PURE_MODULES = ["node:crypto", "node:util"];
/** What reaches the world without an import. */
const WORLD =
  /\b(?:process\.\w+|Date\.now\(|new Date\(\)|Math\.random\(|performance\.now\(|setTimeout\(|setInterval\(|console\.\w+|fetch\()/;
const ADAPTERS = /^src\/(?:stores|destinations|issuers|notifiers|advisors|approvals)\//;
const EDGES = /^(?:action|functions|scripts|src\/(?:cli|http|mcp))\//;
/** The parts that adapters share; the core reaches the world through its ports alone. */
const SHARED_BY_ADAPTERS = /^src\/(?:github|local)\//;
/** Files that name an adapter although they compose nothing: by its type alone. */
const ADAPTER_TYPES = ["src/cli/commands/vault.ts"];
/** The files that choose adapters. */
const COMPOSES = /^src\/compose(?:-\w+)?\.ts$/;
const MAX_LINES = 350;
/** Heavy packages, and the one file each that may load them. */
const HEAVY: Readonly<Record<string, readonly string[]>> = {
  "@modelcontextprotocol/": ["src/mcp/http.ts", "src/mcp/server.ts", "src/mcp/stdio.ts"],
  aws4fetch: ["src/adapters/issuers/aws-api.ts"],
  "fast-xml-parser": ["src/adapters/issuers/aws-api.ts"],
  "libsodium-wrappers": ["src/core/credentials/seal.ts"],
  "@octokit/": ["src/adapters/github/client.ts"],
  mysql2: ["src/adapters/issuers/mysql.ts"],
  pg: ["src/adapters/issuers/postgres.ts"],
  "@redis/client": ["src/adapters/issuers/redis.ts"],
  jose: [
    "src/http/access/workflow-identity.ts",
    "src/adapters/issuers/github-app.ts",
    "src/core/credentials/key-pair.ts",
  ],
  sshpk: ["src/core/credentials/key-pair.ts"],
};
/** Where a value leaves its wrapper, and why it must. */
const REVEALING: Readonly<Record<string, string>> = {
  "action/inputs.ts": "leaves the variable that holds the token out of what is fingerprinted",
  "action/mask.ts": "tells the runner what to hide",
  "functions/generate.ts": "its purpose is to show a value",
  "functions/rotate.ts": "shows the value to a caller with the scope reveal",
  "src/cli/commands/api-key.ts": "its purpose is to show a key, once",
  "src/adapters/advisors/chat-completions.ts": "authenticates",
  "src/cli/commands/generate.ts": "its purpose is to show a value",
  "src/cli/commands/rotate.ts": "--show",
  "src/cli/commands/vault.ts": "get",
  "src/adapters/issuers/connection-url.ts":
    "writes a consumer's URL, and reads the administrator's",
  "src/adapters/destinations/file.ts": "writes the file that containers read",
  "src/adapters/destinations/local-keys.ts": "refuses an empty value",
  "src/adapters/destinations/vault-key.ts": "derives the vault's keys, and writes the key file",
  "src/adapters/local/exec.ts": "hands values to the command's environment",
  "src/core/credentials/fingerprint.ts": "digests",
  "src/adapters/github/client.ts": "authenticates",
  "src/adapters/issuers/aws-api.ts": "signs",
  "src/adapters/issuers/command-protocol.ts":
    "takes values out of what a program says before it is shown",
  "src/adapters/issuers/command.ts":
    "hands values to the program, on its standard input and in the variables that were named",
  "src/adapters/issuers/database.ts": "writes the user into the URL that it logs in by",
  "src/adapters/issuers/mysql.ts": "logs in, and sends or derives what the server keeps",
  "src/adapters/issuers/postgres.ts": "logs in, and derives what the server keeps",
  "src/adapters/issuers/redis.ts": "logs in, and digests what the server keeps",
  "src/core/credentials/generate.ts": "counts a private key's characters",
  "src/adapters/issuers/deploy-key.ts": "compares public keys",
  "src/adapters/issuers/generate.ts": "compares public keys",
  "src/core/credentials/key-pair.ts": "reads an App's private key",
  "src/adapters/issuers/http.ts":
    "writes values into the headers and bodies that the config describes",
  "src/adapters/notifiers/webhook.ts": "the URL and the key of its signature",
  "src/core/credentials/seal.ts": "seals",
  "src/core/credentials/secret-value.ts": "judges a value before it is placed",
  "src/core/base/secret.ts": "defines it",
};

type Import = {
  readonly target: string;
  readonly line: number;
  readonly how: "static" | "dynamic" | "type";
};

let sources: readonly Source[];
beforeAll(async () => {
  sources = await readSources(["action", "functions", "src", "scripts"]);
});

const inCore = (path: string) => /^src\/[^/]+\.ts$/.test(path) && !(path in EFFECTS);

/** Imports of a file: of the project's own by their path, of others by their name. */
function importsOf({ path, text }: Source): Import[] {
  const found = text.matchAll(
    /^(import|export)(?: (type))?(?= |\n)[^;]*?from "([^"]+)"|^import "([^"]+)"|\bimport\("([^"]+)"\)/gm,
  );
  return [...found].map((match) => {
    const [, , type, from, bare, dynamic] = match;
    const target = from ?? bare ?? dynamic ?? "";
    return {
      target: target.startsWith(".") ? posix.join(posix.dirname(path), target) : target,
      line: lineAt(text, match.index),
      how:
        dynamic !== undefined
          ? /typeof $/.test(text.slice(0, match.index))
            ? "type"
            : "dynamic"
          : type
            ? "type"
            : "static",
    };
  });
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}

/** `file:line: what` of every import that the rule objects to. */
function violations(
  scope: (path: string) => boolean,
  objects: (found: Import, path: string) => boolean,
): string[] {
  return sources
    .filter(({ path }) => scope(path))
    .flatMap((source) =>
      importsOf(source)
        .filter((found) => objects(found, source.path))
        .map(({ line, target }) => `${source.path}:${line}: imports ${target}`),
    );
}

/** `file:line: what` of every line of code, comments left out, that matches. */
function lines(scope: (path: string) => boolean, pattern: RegExp): string[] {
  return sources
    .filter(({ path }) => scope(path))
    .flatMap(({ path, text }) =>
      text.split("\n").flatMap((line, index) => {
        const code = line.replace(/^\s*(?:\/?\*|\/\/).*$/, "").replace(/ \/\/ .*$/, "");
        const match = pattern.exec(code);
        return match === null ? [] : [`${path}:${index + 1}: ${match[0]}`];
      }),
    );
}

test("there is something to judge", () => {
  expect(sources.length).toBeGreaterThan(100);
  expect(sources.flatMap(importsOf).length).toBeGreaterThan(400);
  expect(sources.filter(({ path }) => inCore(path)).length).toBeGreaterThan(40);
});

describe("the core", () => {
  test("imports nothing of Node.js that reaches the world", () => {
    expect(
      violations(
        inCore,
        ({ target }) => target.startsWith("node:") && !PURE_MODULES.includes(target),
      ),
    ).toEqual([]);
  });

  test("has no clock, no environment, no network and no chance of its own", () => {
    expect(lines(inCore, WORLD)).toEqual([]);
  });

  test("knows no adapter and no edge", () => {
    const outside = (target: string) =>
      ADAPTERS.test(target) || SHARED_BY_ADAPTERS.test(target) || EDGES.test(target);
    expect(violations(inCore, ({ target }) => outside(target) || COMPOSES.test(target))).toEqual(
      [],
    );
  });
});

describe("adapters", () => {
  test("are named by src/compose*.ts alone", () => {
    const mayName = (path: string) => COMPOSES.test(path) || ADAPTERS.test(path);
    const typeOnly = ({ how }: Import, path: string) =>
      how === "type" && ADAPTER_TYPES.includes(path);
    expect(
      violations(
        (path) => !mayName(path),
        (found, path) => ADAPTERS.test(found.target) && !typeOnly(found, path),
      ),
    ).toEqual([]);
  });

  test("know neither an edge nor who composes them", () => {
    const below = (path: string) => ADAPTERS.test(path) || SHARED_BY_ADAPTERS.test(path);
    expect(
      violations(
        below,
        ({ target, how }) => EDGES.test(target) || (COMPOSES.test(target) && how !== "type"),
      ),
    ).toEqual([]);
  });
});

describe("edges", () => {
  test("functions/ reaches the app through src/http, and else only what makes and names values, or adapts to a host", () => {
    const pure = [
      "src/core/credentials/fingerprint.ts",
      "src/core/credentials/generate.ts",
      "src/core/model/token.ts",
    ];
    const allowed = ({ target, how }: Import) =>
      how === "type" ||
      target === "zod" ||
      target.startsWith("functions/") ||
      target.startsWith("src/http/") ||
      target === "src/mcp/http.ts" ||
      pure.includes(target);
    const adapts = ({ target }: Import, path: string) =>
      path.startsWith("functions/hosts/") && target.startsWith("hono/");
    expect(
      violations(
        (path) => path.startsWith("functions/"),
        (found, path) => !allowed(found) && !adapts(found, path),
      ),
    ).toEqual([]);
  });

  test("know nothing of each other", () => {
    const edgeOf = (path: string) => /^(action|src\/cli)\//.exec(path)?.[1] ?? null;
    const foreign = (path: string, target: string) =>
      edgeOf(target) !== null && edgeOf(target) !== edgeOf(path);
    expect(
      violations(
        (path) => !path.startsWith("scripts/"),
        ({ target }, path) => foreign(path, target),
      ),
    ).toEqual([]);
  });
});

describe("heavy packages", () => {
  test.each(Object.entries(HEAVY))(
    "%s is loaded only when it is needed, by its own file",
    (name, homes) => {
      const ours = ({ target }: Import) => target.startsWith(name);
      const shipped = (path: string) => !path.startsWith("scripts/");
      expect(
        violations(
          shipped,
          (found, path) =>
            ours(found) &&
            found.how !== "type" &&
            !(found.how === "dynamic" && homes.includes(path)),
        ),
      ).toEqual([]);
      expect(
        sources
          .filter((source) =>
            importsOf(source).some((found) => ours(found) && found.how === "dynamic"),
          )
          .map(({ path }) => path),
      ).toEqual(homes);
    },
  );
});

describe("every source file", () => {
  test(`has at most ${MAX_LINES} lines, and says first what lives in it`, () => {
    const long = sources
      .filter(({ text }) => text.trimEnd().split("\n").length > MAX_LINES)
      .map(({ path }) => path);
    const silent = sources
      .filter(({ text }) => !/^\/\/ \S.{15,}/.test(text))
      .map(({ path }) => path);
    expect({ long, silent }).toEqual({ long: [], silent: [] });
  });

  test("opens a secret only where it is named here, with the reason", () => {
    const found = lines((path) => !path.startsWith("scripts/"), /\breveal\(\)/);
    expect(found.filter((place) => !((place.split(":")[0] ?? "") in REVEALING))).toEqual([]);
    const revealing = new Set(found.map((place) => place.split(":")[0]));
    expect(Object.keys(REVEALING).filter((path) => !revealing.has(path))).toEqual([]);
  });

  test("exceptions name files that exist", () => {
    const paths = sources.map(({ path }) => path);
    expect(
      [...Object.keys(EFFECTS), ...Object.keys(REVEALING), ...ADAPTER_TYPES].filter(
        (path) => !paths.includes(path),
      ),
    ).toEqual([]);
  });
});
