// Every command with its options, as `--help` shows them.
import { Command, Option } from "commander";
import manifest from "../../package.json" with { type: "json" };
import { addApiKey } from "./commands/api-key.ts";
import { addAdopt, addDiscover } from "./commands/discover.ts";
import { addGenerate } from "./commands/generate.ts";
import { addHealth } from "./commands/health.ts";
import { addHistory } from "./commands/history.ts";
import { addInit } from "./commands/init.ts";
import { addMcp } from "./commands/mcp.ts";
import { addMigrate } from "./commands/migrate.ts";
import { addPlan } from "./commands/plan.ts";
import { addAbort, addResume } from "./commands/resume.ts";
import { addRotate } from "./commands/rotate.ts";
import { addRun } from "./commands/run.ts";
import { addSchema } from "./commands/schema.ts";
import { addServe } from "./commands/serve.ts";
import { addSetupRule } from "./commands/setup-rule.ts";
import { addScheduler } from "./commands/start-scheduler.ts";
import { addStatus } from "./commands/status.ts";
import { addVault } from "./commands/vault.ts";
import { addVerify } from "./commands/verify.ts";
import { addWorkflow } from "./commands/workflow.ts";
import { repository } from "./session/arguments.ts";
import type { CommonOptions, Host, Start } from "./session/session.ts";

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
Exit codes: 0 done, 1 failed (or failed for some tokens), 2 the command or the config is wrong, 3 health --fail-on found a token.
Environment: GITHUB_TOKEN or GH_TOKEN, GITHUB_API_URL, TOKEN_AUTOMATION_KEY (the vault's key),
  TOKEN_AUTOMATION_FINGERPRINT_KEY, NO_COLOR.`;

/** The whole program. Parsing throws commander's errors instead of ending the process. */
export function buildProgram(host: Host): Command {
  const program = new Command("token-automation")
    .description(manifest.description)
    .version(manifest.version)
    .option("--json", 'print JSON, for programs; a failure is then {"error": …}', false)
    .option("--config <path>", "the path of the record", "token_config.json")
    .addOption(
      new Option(
        "--repo <owner/name>",
        "work on that repository's record through GitHub's API",
      ).argParser(repository),
    )
    .option(
      "--branch <name>",
      "the branch of --repo that holds the record (default: its default branch)",
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
