// Results rendered into what the runner shows: outputs, annotations, the job summary, the exit code.
import { setFailed, setOutput, summary, warning } from "@actions/core";
import type { HealthReport } from "../src/core/health/shapes.ts";
import type { Report } from "../src/core/ports/report.ts";
import type { Verification } from "../src/core/proof/verify.ts";
import { annotateFailure, say, sentence } from "./annotations.ts";
import type { Inputs } from "./inputs.ts";
import {
  failureSummary,
  healthSummary,
  isWrong,
  reportSummary,
  verificationSummary,
} from "./summary.ts";

/** A run's report: an annotation per failed token and per warning, the summary. */
export async function renderReport(
  report: Report,
  health: HealthReport,
  inputs: Inputs,
): Promise<void> {
  setOutputs({ report, health });
  for (const { token_name, error } of report.tokens) {
    if (error !== null) complain(`${token_name}: ${sentence(error)}`, inputs);
  }
  for (const message of report.warnings) warning(message);
  say(line(report));
  for (const { token_name, status, reason } of report.tokens)
    if (status === "skipped") say(`passed over ${token_name}: ${reason}`);
  failOnRisk(health, inputs);
  await write(reportSummary(report, health));
}

/** The command `health`. */
export async function renderHealth(health: HealthReport, inputs: Inputs): Promise<void> {
  setOutputs({ report: null, health });
  say(
    `${health.total_tokens} tokens, ${health.needs_rotation.length} to rotate, ${health.never_rotated.length} never rotated, ${health.high_risk.length} at high risk`,
  );
  failOnRisk(health, inputs);
  await write(healthSummary(health));
}

/** The command `verify`. A secret that is not the one that was placed, or a broken chain, is an error like any other. */
export async function renderVerification(
  verification: Verification,
  inputs: Inputs,
): Promise<void> {
  setOutputs({ report: verification, health: null });
  for (const { token_name, verdict, detail } of verification.tokens) {
    say(`${token_name}: ${verdict.replaceAll("_", " ")} (${detail})`);
    if (isWrong(verdict)) complain(`${token_name}: ${detail}`, inputs);
  }
  const { ok, entries, whole, breaks } = verification.history;
  for (const { entry, message } of breaks) complain(`history entry ${entry}: ${message}`, inputs);
  if (ok)
    say(
      `history: ${whole ? "" : "the newest "}${entries} entries, each with the right digest of the one before`,
    );
  await write(verificationSummary(verification));
}

/** A failure before anything was done. `inputs` is null if not even they could be read. */
export async function renderFailure(error: unknown, inputs: Inputs | null): Promise<void> {
  const fatal = inputs?.failOn !== "never";
  if (fatal) process.exitCode = 1;
  annotateFailure(error, { file: inputs?.recordIsHere ? inputs.configPath : null, fatal });
  if (process.env.TOKEN_AUTOMATION_DEBUG === "1" && error instanceof Error)
    say(error.stack ?? error.name);
  setOutputs({ report: null, health: null });
  await write(failureSummary(error));
}

/** Every output of the contract in every run, so that a workflow can rely on each. A report that this command does not make is `null`. */
function setOutputs({
  report,
  health,
}: {
  readonly report: Report | Verification | null;
  readonly health: HealthReport | null;
}): void {
  const run = report !== null && "rotated" in report ? report : null;
  const due = run === null ? earliest(health) : (run.next_due?.at ?? null);
  setOutput("rotated", JSON.stringify(run?.rotated ?? []));
  setOutput("failed", JSON.stringify(run?.failed ?? []));
  setOutput("skipped", JSON.stringify(run?.skipped ?? []));
  setOutput("report", JSON.stringify(report));
  setOutput("health", JSON.stringify(health));
  setOutput("commit-sha", run?.commit?.sha ?? "");
  setOutput("next-due", due ?? "");
  setOutput("changed", String((run?.commit ?? null) !== null));
}

function earliest(health: HealthReport | null): string | null {
  const times = (health?.tokens ?? []).flatMap(({ next_due }) => next_due ?? []);
  return times.reduce<string | null>(
    (first, time) => (first === null || Date.parse(time) < Date.parse(first) ? time : first),
    null,
  );
}

function complain(message: string, { failOn }: Inputs): void {
  if (failOn === "never") warning(message);
  else setFailed(message);
}

function failOnRisk(health: HealthReport, { failOn }: Inputs): void {
  if (failOn === "high_risk" && health.high_risk.length > 0)
    setFailed(`at high risk: ${health.high_risk.join(", ")}`);
}

function line({ dry_run, tokens, rotated, failed, skipped }: Report): string {
  const list = (names: readonly string[]) => names.join(", ") || "nothing";
  if (dry_run)
    return `would rotate: ${list(tokens.filter(({ status }) => status === "planned").map(({ token_name }) => token_name))}`;
  return `rotated: ${list(rotated)}; failed: ${list(failed)}; passed over: ${list(skipped)}`;
}

/** Outside a runner there is no summary file. A failure to write it does not fail the run. */
async function write(markdown: string): Promise<void> {
  if (!process.env.GITHUB_STEP_SUMMARY) return;
  await summary
    .addRaw(markdown)
    .write()
    .catch(() =>
      warning("the job summary could not be written: the runner's file for it cannot be opened"),
    );
}
