import { expect, test } from "vitest";
import type { Report, TokenReport } from "../report.ts";
import { Secret } from "../secret.ts";
import { testClient } from "../testing/github/client.ts";
import { DEFAULT_REPOSITORY, startGitHub } from "../testing/github/server.ts";
import { failureIssueNotifier } from "./failure-issue.ts";

function reportOf(rotated: readonly string[], failed: readonly string[]): Report {
  const token = (name: string): TokenReport => ({
    token_name: name,
    status: failed.includes(name) ? "failed" : "rotated",
    reason: "interval of 24 h elapsed",
    generation: 1,
    previous_hash: null,
    new_hash: null,
    destinations: [],
    warnings: [],
    error: failed.includes(name)
      ? { kind: "denied", code: "denied", message: "may not write @everyone's <b>secrets</b>", hint: "Give it *Secrets: write*." }
      : null,
  });
  return {
    run_id: "r",
    started_at: "2026-03-01T00:00:00Z",
    finished_at: "2026-03-01T00:00:01Z",
    dry_run: false,
    triggered_by: { kind: "schedule", run_url: "https://github.example/acme/widgets/actions/runs/7" },
    tokens: [...rotated, ...failed].map(token),
    rotated,
    failed,
    skipped: [],
    drifted: [],
    proved: [],
    revoked: [],
    commit: null,
    next_due: null,
    warnings: [],
  };
}

test("one issue is opened for failures, kept up to date, and closed once all of them recovered", async () => {
  const github = await startGitHub();
  try {
    const client = await testClient(github);
    const notifier = failureIssueNotifier({ client: async () => client, repository: DEFAULT_REPOSITORY });
    const issues = () =>
      github
        .repository()
        .issues.map(({ number, title, state, body }) => ({ number, title, state, failing: /failing: (.*?) -->/.exec(body)?.[1] }));
    await notifier.notify(reportOf(["C"], []));
    expect(issues()).toEqual([]);
    await notifier.notify(reportOf([], ["A"]));
    expect(issues()).toEqual([{ number: 1, title: "A could not be rotated", state: "open", failing: "A" }]);
    expect(github.repository().issues[0]?.body.split("\n")[0]).toBe(
      "- `A`: may not write \\@everyone's \\<b\\>secrets\\</b\\> **What to do:** Give it \\*Secrets: write\\*.",
    );
    await notifier.notify(reportOf([], ["B"]));
    expect(issues()).toEqual([{ number: 1, title: "2 tokens could not be rotated", state: "open", failing: "A,B" }]);
    await notifier.notify(reportOf(["A"], ["B"]));
    expect(issues()).toEqual([{ number: 1, title: "B could not be rotated", state: "open", failing: "B" }]);
    await notifier.notify(reportOf(["B"], []));
    expect(issues()).toMatchObject([{ number: 1, state: "closed", failing: "" }]);
    await notifier.notify(reportOf([], ["A"]));
    expect(issues()).toMatchObject([{ state: "closed" }, { number: 2, state: "open", failing: "A" }]);
  } finally {
    await github.close();
  }
});

test("without the permission it says which one is missing", async () => {
  const github = await startGitHub({ tokens: [{ token: "limited", permissions: { contents: "write", secrets: "write" } }] });
  try {
    const client = await testClient(github, { token: new Secret("limited") });
    const notifier = failureIssueNotifier({ client: async () => client, repository: DEFAULT_REPOSITORY });
    await expect(notifier.notify(reportOf([], ["A"]))).rejects.toThrow(/issues/i);
  } finally {
    await github.close();
  }
});
