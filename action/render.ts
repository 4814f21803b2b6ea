// Renders results into what the runner shows: outputs, annotations, the job summary, the exit code.
import { notice, setFailed, setOutput, summary, warning } from "@actions/core";
import type { Verification } from "../src/app.ts";
import type { HealthReport } from "../src/health.ts";
import type { Report } from "../src/report.ts";
import { annotateFailure, describe } from "./annotations.ts";
import type { Inputs } from "./inputs.ts";
import { healthSummary, reportSummary } from "./summary.ts";

/** A run's report: every output of the contract, one annotation per failed token, the summary. */
export async function renderReport(report: Report, health: HealthReport, inputs: Inputs): Promise<void> {
  setOutput("rotated", JSON.stringify(report.rotated));
  setOutput("failed", JSON.stringify(report.failed));
  setOutput("skipped", JSON.stringify(report.skipped));
  setOutput("report", JSON.stringify(report));
  setOutput("health", JSON.stringify(health));
  setOutput("commit-sha", report.commit?.sha ?? "");
  setOutput("next-due", report.next_due?.at ?? "");
  setOutput("changed", String(report.commit !== null));
  const complain = inputs.failOn === "never" ? warning : setFailed;
  for (const { token_name, error } of report.tokens) {
    if (error !== null) complain(`${token_name}: ${error.message}${error.hint === null ? "" : `. ${error.hint}`}`);
  }
  for (const message of report.warnings) warning(message);
  console.log(line(report));
  failOnRisk(health, inputs);
  await write(reportSummary(report, health));
}

/** The command `health`: its report, and the job summary. */
export async function renderHealth(health: HealthReport, inputs: Inputs): Promise<void> {
  setOutput("health", JSON.stringify(health));
  setOutput("changed", "false");
  console.log(`${health.total_tokens} tokens, ${health.needs_rotation.length} to rotate, ${health.high_risk.length} at high risk`);
  failOnRisk(health, inputs);
  await write(`## Health\n\n${healthSummary(health)}\n`);
}

/** The command `verify`: a mismatch or a broken chain is an error like any other. */
export async function renderVerification(verification: Verification, inputs: Inputs): Promise<void> {
  setOutput("report", JSON.stringify(verification));
  setOutput("changed", "false");
  const complain = inputs.failOn === "never" ? warning : setFailed;
  for (const { token_name, verdict, detail } of verification.tokens) {
    console.log(`${token_name}: ${verdict.replaceAll("_", " ")} (${detail})`);
    if (verdict === "mismatch") complain(`${token_name}: ${detail}`);
  }
  for (const { id, message } of verification.history.breaks) complain(`history entry ${id}: ${message}`);
  if (verification.history.ok) notice(`the history's ${verification.history.entries} entries hang together`);
}

/** A failure before anything was done. `inputs` is null where not even they could be read. */
export async function renderFailure(error: unknown, inputs: Inputs | null): Promise<void> {
  const file = inputs?.recordIsHere ? inputs.configPath : null;
  setOutput("changed", "false");
  if (inputs?.failOn === "never") warning(describe(error));
  else {
    annotateFailure(error, file);
    process.exitCode = 1;
  }
  if (process.env.TOKEN_AUTOMATION_DEBUG === "1" && error instanceof Error) console.log(error.stack);
  await write(`## Nothing was rotated\n\n${describe(error)}\n`);
}

function failOnRisk(health: HealthReport, { failOn }: Inputs): void {
  if (failOn === "high_risk" && health.high_risk.length > 0) setFailed(`at high risk: ${health.high_risk.join(", ")}`);
}

function line(report: Report): string {
  const { rotated, failed, skipped } = report;
  if (report.dry_run)
    return `would rotate: ${
      report.tokens
        .filter((token) => token.status === "planned")
        .map((token) => token.token_name)
        .join(", ") || "nothing"
    }`;
  return `rotated: ${rotated.join(", ") || "nothing"}; failed: ${failed.join(", ") || "nothing"}; passed over: ${skipped.join(", ") || "nothing"}`;
}

/** Outside a runner there is no summary file, and nothing is lost without one. */
async function write(markdown: string): Promise<void> {
  if (process.env.GITHUB_STEP_SUMMARY) await summary.addRaw(markdown).write();
}
