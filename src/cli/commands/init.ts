// `init`: the files to begin with.
import { mkdir, realpath, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import type { Command } from "commander";
import { Misconfigured } from "../../core/base/errors.ts";
import { plain } from "../render/text.ts";
import { localRecord, requireLocal } from "../session/connect.ts";
import { EXIT } from "../session/exit-codes.ts";
import type { Session, Start } from "../session/session.ts";
import { rotationWorkflow, STARTER_CONFIG, WORKFLOW_PATH } from "./starter.ts";

type InitOptions = { readonly workflow: boolean; readonly force: boolean };

export function addInit(program: Command, start: Start): void {
  program
    .command("init")
    .description("write a starter token_config.json")
    .option("--workflow", `add ${WORKFLOW_PATH} too; an existing record stays as it is`, false)
    .option(
      "--force",
      "replace the existing file: the record, or with --workflow the workflow",
      false,
    )
    .action((options: InitOptions) => start((session) => init(session, options)));
}

async function init(session: Session, { workflow, force }: InitOptions): Promise<number> {
  requireLocal(session, "init");
  const { directory, configPath } = localRecord(session);
  const recordPath = join(directory, configPath);
  const created: string[] = [];
  const kept: string[] = [];
  const write = async (path: string, content: string, replace: boolean) => {
    ((await writeNew(path, content, replace)) ? created : kept).push(
      relative(session.io.directory, path).split(sep).join("/"),
    );
  };
  await write(recordPath, STARTER_CONFIG, force && !workflow);
  if (workflow) {
    const root = await repositoryRoot(directory);
    const fromRoot = relative(root, join(await realpath(directory), configPath))
      .split(sep)
      .join("/");
    await write(join(root, WORKFLOW_PATH), rotationWorkflow(fromRoot), force);
  }
  if (created.length === 0) {
    throw new Misconfigured(
      `${kept.join(" and ")} ${kept.length === 1 ? "exists" : "exist"} already; nothing was written`,
      {
        code: "already-there",
        hint: workflow
          ? "Add --force to replace the workflow."
          : "Add --force to replace it, record and history included.",
      },
    );
  }
  session.result({ created, kept }, () =>
    [
      ...created.map((path) => `Wrote ${plain(path)}.`),
      ...kept.map((path) => `Kept ${plain(path)}.`),
      ...nextSteps(workflow),
    ].join("\n"),
  );
  return EXIT.done;
}

/** @returns false if the file exists already and must not be replaced */
async function writeNew(path: string, content: string, replace: boolean): Promise<boolean> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content, { flag: replace ? "w" : "wx" });
    return true;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    if (code === "EEXIST" && !replace) return false;
    throw new Misconfigured(`${path} cannot be written: ${code}`, {
      code: "not-writable",
      hint: "Check that the folder can be written to, and that no folder has that name.",
      cause: error,
    });
  }
}

/** The top of the git work tree, where workflows live; outside one, the folder itself. */
async function repositoryRoot(directory: string): Promise<string> {
  const { findWorkTree } = await import("../../compose/local.ts");
  const root = await findWorkTree(directory);
  return root === null ? realpath(directory) : resolve(root);
}

function nextSteps(workflow: boolean): string[] {
  if (!workflow)
    return [
      "",
      "Next: edit it, then `token-automation plan` shows what is due and `token-automation run` rotates it.",
    ];
  return [
    "",
    "Next, on GitHub:",
    '  1. Make a GitHub App with the repository permissions "Secrets: write" and "Contents: write", and install it on this repository.',
    "  2. Put its client id into the variable TOKEN_AUTOMATION_CLIENT_ID and a private key into the secret TOKEN_AUTOMATION_PRIVATE_KEY.",
    "  3. Declare in the record only secrets that may be overwritten. The first run gives each of its tokens a new value.",
    "  4. Commit both files to the default branch.",
  ];
}
