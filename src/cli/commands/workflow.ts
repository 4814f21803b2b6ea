// `workflow create`, `workflow run` and `workflow list`.
import { type Command, Option } from "commander";
import { commitText } from "../render/report.ts";
import { workflowsText } from "../render/status.ts";
import { dueAt, plain } from "../render/text.ts";
import { nameList } from "../session/arguments.ts";
import { connect } from "../session/connect.ts";
import { EXIT } from "../session/exit-codes.ts";
import { performRun, showReport } from "../session/perform-run.ts";
import { type Session, type Start, triggeredBy } from "../session/session.ts";

type CreateOptions = {
  readonly tokens: readonly string[];
  readonly schedule: string;
  readonly timezone?: string;
};

export function addWorkflow(program: Command, start: Start): void {
  const workflow = program
    .command("workflow")
    .description("sets of tokens that are rotated together, on a schedule");
  workflow
    .command("create")
    .description("declare a workflow, or change it")
    .argument("<name>", "the workflow's name")
    .addOption(
      new Option("--tokens <a,b>", "tokens, groups, or ALL_TOKENS")
        .argParser(nameList)
        .makeOptionMandatory(),
    )
    .requiredOption(
      "--schedule <cron>",
      'five cron fields in quotes, as "0 2 * * *"; or @hourly, @daily, @weekly, @monthly, @yearly',
    )
    .option("--timezone <zone>", "an IANA time zone (default: the settings' zone)")
    .action((name: string, options: CreateOptions) =>
      start((session) => create(session, name, options)),
    );
  workflow
    .command("run")
    .description("rotate a workflow's tokens now")
    .argument("<name>", "the workflow's name")
    .option("--dry-run", "show what would be done", false)
    .action((name: string, { dryRun }: { readonly dryRun: boolean }) =>
      start((session) => run(session, name, dryRun)),
    );
  workflow
    .command("list")
    .description("show the workflows, and when each runs next")
    .action(() => start(list));
}

async function create(
  session: Session,
  name: string,
  { tokens, schedule, timezone }: CreateOptions,
): Promise<number> {
  const { app, local } = await connect(session, "begin");
  const result = await app.createWorkflow({
    workflowName: name,
    tokens,
    schedule,
    timezone: timezone ?? null,
    create: local,
    triggeredBy: triggeredBy(session),
  });
  session.result(result, () =>
    [
      `${plain(result.workflow_name)} rotates ${result.resolved_tokens.map(plain).join(", ")} at ${plain(result.schedule)} (${plain(result.timezone)}).`,
      `Next run: ${dueAt(result.next_run, session.io.now())}`,
      result.commit === null
        ? "The workflow is the same as before. Nothing was changed."
        : commitText(result.commit, session.common.config),
    ].join("\n"),
  );
  return EXIT.done;
}

async function run(session: Session, name: string, dryRun: boolean): Promise<number> {
  const { app } = await connect(session, dryRun ? "read" : "change");
  const report = await performRun(session, app, { wanted: { kind: "workflow", name }, dryRun });
  showReport(session, report);
  return report.failed.length > 0 ? EXIT.failed : EXIT.done;
}

async function list(session: Session): Promise<number> {
  const { app } = await connect(session, "read");
  const { workflows } = await app.status(0);
  session.result(workflows, () => workflowsText(workflows, session.colors, session.io.now()));
  return EXIT.done;
}
