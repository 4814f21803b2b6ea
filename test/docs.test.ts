// The documentation against the program: commands run, snippets are accepted, names and links exist.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, dirname, join, posix } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { startServer } from "../functions/hosts/node.ts";
import { rotationWorkflow, WORKFLOW_PATH } from "../src/cli/commands/starter.ts";
import { buildProgram } from "../src/cli/program.ts";
import { ACTION } from "../src/core/base/project.ts";
import { parseConfig } from "../src/core/config/parse.ts";
import { readApiKeys, readWorkflowTrust } from "../src/http/access/environment.ts";
import { CLI, testIo } from "./cli.ts";
import { bareEnvironment, temporaryFolder, testRepository } from "./git-repository.ts";
import {
  anchorsOf,
  type Block,
  blocksOf,
  codeSpans,
  commandsIn,
  linksOf,
  type Page,
  ROOT,
  readPages,
} from "./pages.ts";
import { commandOf, toolAvailable } from "./require-tool.ts";
import { readSources } from "./sources.ts";

let pages: readonly Page[];
let readme: Page;
beforeAll(async () => {
  pages = await readPages();
  const [first] = pages;
  if (first === undefined) throw new Error("there is no README.md");
  readme = first;
});

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Every finding says where it is. */
const where = ({ path }: Page, { line }: Block) => `${path}:${line}`;

describe("README.md", () => {
  test("is short enough to read", () => {
    expect(readme.text.trimEnd().split("\n").length).toBeLessThanOrEqual(200);
  });

  test("the workflow is the one that `init --workflow` writes", () => {
    const workflows = blocksOf(readme).filter(({ language }) => language === "yaml");
    expect(workflows.map(({ content }) => content)).toEqual([
      rotationWorkflow("token_config.json"),
    ]);
    expect(readme.text).toContain(WORKFLOW_PATH);
  });

  test.skipIf(!toolAvailable("git"))(
    "every bash block runs, in order, as a person would type it",
    async () => {
      const folder = await temporaryFolder();
      closing.push(folder.close);
      const bin = join(folder.path, "bin");
      await mkdir(bin);
      await writeFile(
        join(bin, "token-automation"),
        `#!/bin/sh\nexec '${process.execPath}' '${CLI}' "$@"\n`,
      );
      await chmod(join(bin, "token-automation"), 0o755);
      const blocks = blocksOf(readme).filter(({ language }) => language === "bash");
      expect(blocks.length).toBeGreaterThan(1);
      const script = blocks
        .map(({ content, line }) => `echo "README.md:${line}" >&2\n${content}`)
        .join("\n");
      // The same files are loaded again and again, so Node.js may keep what it made of them.
      const env = {
        ...bareEnvironment(folder.path),
        PATH: `${bin}${delimiter}${process.env.PATH}`,
        NODE_COMPILE_CACHE: join(folder.path, "cache"),
      };
      const child = spawn("bash", ["-euo", "pipefail", "-x", "-c", script], {
        cwd: folder.path,
        env,
        stdio: ["ignore", "pipe", "pipe"],
      });
      const [[code], stdout, stderr] = await Promise.all([
        once(child, "close"),
        textOf(child.stdout),
        textOf(child.stderr),
      ]);

      expect({ code, last: code === 0 ? "" : stderr.slice(-800) }).toEqual({ code: 0, last: "" });
      expect(stdout).toContain("the service sees 32 characters");
      const record = JSON.parse(
        await readFile(join(folder.path, "my-service/token_config.json"), "utf8"),
      );
      expect(Object.keys(record.tokens)).toEqual(["API_KEY", "SESSION_SECRET", "PARTNER_PASSWORD"]);
      expect(Object.keys(record.workflows)).toEqual(["nightly"]);
    },
  );

  test.skipIf(!toolAvailable("requests"))("the Python runs against `serve`", async () => {
    const repository = await testRepository({ empty: true });
    closing.push(repository.close);
    const place = {
      kind: "local",
      directory: repository.directory,
      access: null,
      vaultKey: null,
    } as const;
    const server = await startServer({
      compose: {
        place,
        configPath: "token_config.json",
        fingerprintKey: null,
        whenMissing: "empty",
      },
      port: 0,
    });
    closing.push(server.close);
    const programs = blocksOf(readme).filter(({ language }) => language === "python");
    expect(programs).toHaveLength(1);
    const program = programs
      .map(({ content }) => content.replaceAll("localhost:5000", `localhost:${server.port}`))
      .join("");
    const child = spawn(commandOf("requests"), ["-c", program], {
      env: { ...process.env, NO_PROXY: "localhost" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [stdout, stderr] = await Promise.all([textOf(child.stdout), textOf(child.stderr)]);
    expect(stderr).toBe("");
    expect(stdout).toMatch(
      /^Rotated! New token: [0-9A-Za-z]{32}\nTokens needing rotation: \[\]\n$/,
    );
  });
});

describe("on every page", () => {
  test("JSON blocks are accepted by what reads them", () => {
    const judged = pages.flatMap((page) =>
      blocksOf(page)
        .filter(({ language }) => language === "json")
        .map((block) => ({ place: where(page, block), problems: problemsOf(block.content) })),
    );
    expect(judged.length).toBeGreaterThan(3);
    expect(judged.filter(({ problems }) => problems.length > 0)).toEqual([]);
  });

  test("commands are known to the CLI, with their options", async () => {
    const commands = pages.flatMap((page) => [
      ...blocksOf(page)
        .filter(({ language }) => ["bash", "sh", "python", "yaml"].includes(language))
        .flatMap((block) =>
          commandsIn(block.content).map((args) => ({ place: where(page, block), args })),
        ),
      ...codeSpans(page).flatMap((code) =>
        commandsIn(code).map((args) => ({ place: page.path, args })),
      ),
    ]);
    expect(commands.length).toBeGreaterThan(30);
    const refused: string[] = [];
    for (const { place, args } of commands) {
      const complaint = await complaintAbout(args);
      if (complaint !== null)
        refused.push(`${place}: token-automation ${args.join(" ")}: ${complaint}`);
    }
    expect(refused).toEqual([]);
  });

  test("links lead to files and headings that exist", async () => {
    const dead: string[] = [];
    for (const page of pages) {
      for (const link of linksOf(page).filter((target) => !/^https?:/.test(target))) {
        const [file = "", anchor] = link.split("#");
        const path = file === "" ? page.path : posix.join(dirname(page.path), file);
        const exists = await access(join(ROOT, path)).then(
          () => true,
          () => false,
        );
        const target = pages.find((candidate) => candidate.path === path);
        if (!exists || (anchor !== undefined && !(target && anchorsOf(target).includes(anchor))))
          dead.push(`${page.path}: ${link}`);
      }
    }
    expect(dead).toEqual([]);
  });

  test("steps that use the Action name inputs and outputs that it has", async () => {
    const { inputs, outputs } = parse(await readFile(join(ROOT, "action.yml"), "utf8"));
    const steps = pages.flatMap((page) =>
      blocksOf(page)
        .filter(({ language }) => language === "yaml")
        .flatMap((block) =>
          stepsIn(parse(block.content)).map((step) => ({ place: where(page, block), step })),
        ),
    );
    const ours = steps.filter(({ step }) => step.uses === ACTION);
    expect(ours.length).toBeGreaterThan(1);
    for (const { place, step } of ours) {
      expect({
        place,
        unknown: Object.keys(step.with ?? {}).filter((name) => !(name in inputs)),
      }).toEqual({ place, unknown: [] });
      // The step that mints it is called so in the workflow that people have: any other name gives an empty token.
      expect(step.with?.["github-token"], place).toMatch(
        /^\$\{\{ steps\.app\.outputs\.token \}\}$/,
      );
    }
    const read = pages.flatMap(({ text }) =>
      [...text.matchAll(/steps\.rotate\.outputs\.([\w-]+)/g)].map(([, name = ""]) => name),
    );
    expect(read.filter((name) => !(name in outputs))).toEqual([]);
  });

  test("environment variables are read somewhere", async () => {
    const sources = (await readSources(["src", "action", "functions"]))
      .map(({ text }) => text)
      .join("\n");
    const named = pages.flatMap(({ path, text }) =>
      [
        ...text.matchAll(
          /\b(?:TOKEN_AUTOMATION_[A-Z_]*[A-Z]|GITHUB_[A-Z_]*[A-Z]|GH_TOKEN|NO_COLOR|FORCE_COLOR)\b/g,
        ),
      ].map(([name]) => ({
        path,
        name,
      })),
    );
    const known = (name: string) => new RegExp(`["'.]${name}\\b`).test(sources);
    expect(named.length).toBeGreaterThan(20);
    // The variable and the secret of the workflow: GitHub reads those, and the template names them.
    expect(
      new Set(named.filter(({ name }) => !known(name)).map(({ path, name }) => `${path}: ${name}`)),
    ).toEqual(new Set());
  });

  test("the codes in the troubleshooting tables are ones that the program gives", async () => {
    const sources = (await readSources(["src", "action", "functions"]))
      .map(({ text }) => text)
      .join("\n");
    const faq = pages.find(({ path }) => path === "docs/faq.md");
    const codes = [...(faq?.text ?? "").matchAll(/^\| (`[^|]+`) \|/gm)].flatMap(([, cell = ""]) =>
      [...cell.matchAll(/`([\w-]+)`/g)].map(([, code]) => code),
    );
    expect(codes.length).toBeGreaterThan(30);
    expect(codes.filter((code) => !sources.includes(`"${code}"`))).toEqual([]);
  });
});

/** An array is a host's API keys, anything else a record. */
function problemsOf(content: string): readonly unknown[] {
  const given = JSON.parse(content);
  if ("audience" in given)
    return readWorkflowTrust({ TOKEN_AUTOMATION_OIDC: content }) === null ? ["no workflow"] : [];
  if (Array.isArray(given))
    return readApiKeys({ TOKEN_AUTOMATION_API_KEYS: content }).length > 0 ? [] : ["no keys"];
  const home = { kind: "github", repository: "acme/widgets" } as const;
  const parsed = parseConfig(content, home);
  return parsed.ok ? [] : parsed.problems;
}

/** What the CLI has against those arguments; null where it would do its work. */
async function complaintAbout(args: readonly string[]): Promise<string | null> {
  const { io } = testIo({ directory: ROOT, now: () => new Date(0) });
  const program = buildProgram({ io, run: async () => undefined });
  // `workflow` and the like by themselves are names, not calls.
  if (args.length === 0) return null;
  try {
    await program.parseAsync(
      args.map((arg) => (arg === "…" ? "x" : arg)),
      { from: "user" },
    );
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : "unknown";
  }
}

type Step = { readonly uses?: string; readonly with?: Readonly<Record<string, unknown>> };

/** Steps of a whole workflow, or of a part of one. */
function stepsIn(document: unknown): Step[] {
  if (Array.isArray(document)) return document;
  const jobs =
    typeof document === "object" && document !== null && "jobs" in document
      ? Object.values(Object(document.jobs))
      : [];
  return jobs.flatMap((job) => stepsIn(Object(job).steps ?? []));
}
