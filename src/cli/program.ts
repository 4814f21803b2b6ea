// Every command with its options: what `--help` tells.
import { Command, Option } from "commander";
import manifest from "../../package.json" with { type: "json" };
import { addApiKey } from "./api-key.ts";
import { repository } from "./arguments.ts";
import { addAdopt, addDiscover } from "./discover.ts";
import { addGenerate } from "./generate.ts";
import { addHealth } from "./health.ts";
import { addHistory } from "./history.ts";
import { addInit } from "./init.ts";
import type { Io } from "./io.ts";
import { addMcp } from "./mcp.ts";
import { addMigrate } from "./migrate.ts";
import { addPlan } from "./plan.ts";
import { addAbort, addResume } from "./resume.ts";
import { addRotate } from "./rotate.ts";
import { addRun } from "./run.ts";
import { addSchema } from "./schema.ts";
import { addServe } from "./serve.ts";
import type { CommonOptions, Session } from "./session.ts";
import { addSetupRule } from "./setup-rule.ts";
import { addScheduler } from "./start-scheduler.ts";
import { addStatus } from "./status.ts";
import { addVault } from "./vault.ts";
import { addVerify } from "./verify.ts";
import { addWorkflow } from "./workflow.ts";

/** Runs a command's work once the options are known, and keeps its exit code. */
export type Host = {
  readonly io: Io;
  run(common: CommonOptions, work: (session: Session) => Promise<number>): Promise<void>;
};

/** What a command's action calls: its work gets the session and gives the exit code. */
export type Start = (work: (session: Session) => Promise<number>) => Promise<void>;

/** A family of commands. */
type Family = (program: Command, start: Start) => void;

const FAMILIES: readonly { readonly title: string; readonly families: readonly Family[] }[] = [
  { title: "Begin:", families: [addInit, addMigrate, addSchema] },
  { title: "Declare:", families: [addSetupRule, addWorkflow, addAdopt] },
  {
    title: "Rotate:",
    families: [
      addGenerate,
      addRotate,
      addRun,
      addPlan,
      addResume,
      addAbort,
      addScheduler,
      addServe,
      addMcp,
      addApiKey,
    ],
  },
  { title: "Look:", families: [addStatus, addHealth, addHistory, addVerify, addDiscover] },
  { title: "Use:", families: [addVault] },
];

const EPILOGUE = `
Exit codes: 0 done, 1 failed (or failed for some tokens), 2 the command or the config is wrong, 3 health --fail-on found one.
Environment: GITHUB_TOKEN or GH_TOKEN, GITHUB_API_URL, TOKEN_AUTOMATION_KEY (the vault's key),
  TOKEN_AUTOMATION_FINGERPRINT_KEY, NO_COLOR.`;

/** The whole program. Parsing throws commander's errors instead of ending the process. */
export function buildProgram(host: Host): Command {
  const program = new Command("token-automation")
    .description(manifest.description)
    .version(manifest.version)
    .option("--json", 'print JSON, for programs; a failure is then {"error": …}', false)
    .option("--config <path>", "where the record is", "token_config.json")
    .addOption(
      new Option(
        "--repo <owner/name>",
        "work on that repository's record through GitHub's API",
      ).argParser(repository),
    )
    .option(
      "--branch <name>",
      "the branch of --repo that holds the record; its default branch unless given",
    )
    .configureHelp({ showGlobalOptions: true })
    // Errors are rendered in one place, which knows about --json.
    .configureOutput({
      writeOut: (text) => host.io.stdout.write(text),
      writeErr: (text) => host.io.stderr.write(text),
      outputError: () => {},
    })
    .exitOverride()
    .addHelpText("after", EPILOGUE);
  const start: Start = (work) => host.run(program.opts<CommonOptions>(), work);
  for (const { title, families } of FAMILIES) {
    program.commandsGroup(title);
    for (const add of families) add(program, start);
  }
  program.helpCommand("help [command]", "show how a command is used");
  return program;
}
