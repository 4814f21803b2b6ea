import { expect, test } from "vitest";
import { testClient } from "../../../test/github/client.ts";
import { DEFAULT_REPOSITORY, startGitHub } from "../../../test/github/server.ts";
import { reportOf, tokenReportOf } from "../../../test/reports.ts";
import { Secret } from "../../core/base/secret.ts";
import type { Report } from "../../core/ports/report.ts";
import { failureIssueNotifier } from "./failure-issue.ts";

const ERROR = {
  kind: "denied",
  code: "denied",
  message: "may not write @everyone's <b>secrets</b>",
  hint: "Give it *Secrets: write*.",
} as const;

/** @param failing the failures of earlier runs in the record, beside this run's */
function runOf(
  rotated: readonly string[],
  failed: readonly string[],
  failing: readonly string[] = [],
): Report {
  const tokens = [
    ...rotated.map((name) => tokenReportOf(name)),
    ...failed.map((name) => tokenReportOf(name, { status: "failed", error: ERROR })),
  ];
  return reportOf(tokens, {
    failing: [...failing, ...failed],
    triggered_by: {
      kind: "schedule",
      run_url: "https://github.example/acme/widgets/actions/runs/7",
    },
  });
}

test("one issue is opened for failures, kept up to date, and closed once all of them recovered", async () => {
  const github = await startGitHub();
  try {
    const client = await testClient(github);
    const notifier = failureIssueNotifier({
      client: async () => client,
      repository: DEFAULT_REPOSITORY,
    });
    const issues = () =>
      github.repository().issues.map(({ number, title, state, body }) => ({
        number,
        title,
        state,
        failing: /failing: (.*?) -->/.exec(body)?.[1],
      }));
    await notifier.notify(runOf(["C"], []));
    expect(issues()).toEqual([]);
    await notifier.notify(runOf([], ["A"]));
    expect(issues()).toEqual([
      { number: 1, title: "A could not be rotated", state: "open", failing: "A" },
    ]);
    expect(github.repository().issues[0]?.body.split("\n")[0]).toBe(
      "- `A`: may not write \\@everyone's \\<b\\>secrets\\</b\\> **What to do:** Give it \\*Secrets: write\\*.",
    );
    await notifier.notify(runOf([], ["B"], ["A"]));
    expect(issues()).toEqual([
      { number: 1, title: "2 tokens could not be rotated", state: "open", failing: "A,B" },
    ]);
    await notifier.notify(runOf(["A"], ["B"]));
    expect(issues()).toEqual([
      { number: 1, title: "B could not be rotated", state: "open", failing: "B" },
    ]);
    await notifier.notify(runOf(["B"], []));
    expect(issues()).toMatchObject([{ number: 1, state: "closed", failing: "" }]);
    await notifier.notify(runOf([], ["A"]));
    expect(issues()).toMatchObject([
      { state: "closed" },
      { number: 2, state: "open", failing: "A" },
    ]);
    // A person removed A from the config, or gave it up.
    await notifier.notify(runOf(["C"], []));
    expect(issues()).toMatchObject([{ state: "closed" }, { number: 2, state: "closed" }]);
  } finally {
    await github.close();
  }
});

test("an issue whose reply is lost is not opened twice, since only one would be closed again", async () => {
  const github = await startGitHub();
  try {
    const client = await testClient(github);
    const notifier = failureIssueNotifier({
      client: async () => client,
      repository: DEFAULT_REPOSITORY,
    });
    github.faults.add({
      match: { method: "POST", path: /issues$/ },
      action: { kind: "apply-then-cut" },
    });
    await expect(notifier.notify(runOf([], ["A"]))).rejects.toThrow(/up to date/);
    await notifier.notify(runOf([], ["A"]));
    await notifier.notify(runOf(["A"], []));
    expect(github.repository().issues).toMatchObject([{ state: "closed" }]);
  } finally {
    await github.close();
  }
});

test("without the permission it says which one is missing", async () => {
  const github = await startGitHub({
    tokens: [{ token: "limited", permissions: { contents: "write", secrets: "write" } }],
  });
  try {
    const client = await testClient(github, { token: new Secret("limited") });
    const notifier = failureIssueNotifier({
      client: async () => client,
      repository: DEFAULT_REPOSITORY,
    });
    await expect(notifier.notify(runOf([], ["A"]))).rejects.toThrow(/issues/i);
  } finally {
    await github.close();
  }
});
