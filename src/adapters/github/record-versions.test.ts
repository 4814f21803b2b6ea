// The audit over GitHub's API: its findings and its requests.
import { afterEach, beforeEach, expect, test } from "vitest";
import { testClient } from "../../../test/github/client.ts";
import { DEFAULT_REPOSITORY, startGitHub, type TestGitHub } from "../../../test/github/server.ts";
import {
  chainOf,
  commitDate,
  dayOf,
  grow,
  nameOf,
  recordFiles,
} from "../../../test/record-history.ts";
import { auditHistory } from "../../core/audit/audit.ts";
import type { Audit } from "../../core/audit/version.ts";
import { describeError } from "../../core/base/errors.ts";
import type { HistoryEntry } from "../../core/model/schema.ts";
import { githubVersions } from "./record-versions.ts";

const RECORD = "token_config.json";
/** The first three entries are of this day, the later ones of the next. */
const DAY = dayOf(0);
const id = nameOf;

let github: TestGitHub;
let now: Date;
beforeEach(async () => {
  now = new Date("2026-12-31T00:00:00Z");
  github = await startGitHub({ now: () => now });
});
afterEach(async () => {
  await github.close();
});

function commit(
  files: ReadonlyMap<string, string> | readonly HistoryEntry[],
  newest: number,
): string {
  now = new Date(commitDate(newest));
  const all = files instanceof Map ? files : recordFiles(RECORD, files as readonly HistoryEntry[]);
  return github.repository().commit(Object.fromEntries(all), "by the program");
}

function audit(limit: number | null = null, branch: string | null = null): Promise<Audit> {
  const client = () => testClient(github);
  return auditHistory(
    githubVersions({ client, repository: DEFAULT_REPOSITORY, branch, path: RECORD })(limit),
    RECORD,
  );
}
const short = ({ findings }: Audit) =>
  findings.map(({ kind, severity, entry, commit: made }) => [kind, severity, entry, made?.sha]);

test("an honest record, over two days, among other commits: nothing is found, in few requests", async () => {
  commit(chainOf(2), 1);
  github.repository().commit({ "README.md": "# Other\n" }, "By hand");
  commit(chainOf(4), 3);
  commit(chainOf(6), 5);
  commit(chainOf(9), 8);
  expect(await audit()).toEqual({ ok: true, verdict: "ok", entries: 9, commits: 4, findings: [] });
  expect(github.requests.map(({ method, operation }) => operation ?? method)).toEqual([
    "query",
    "query",
    "query",
    "query",
  ]);
});

test("edits of days' files are named with their commits", async () => {
  commit(chainOf(6), 5);
  const text = (path: string) => github.repository().file(path) ?? "";
  const edit = (path: string, from: string, to: string) =>
    commit(new Map([[path, text(path).replace(from, to)]]), 5);
  const one = edit(DAY, '"generation":2', '"generation":9');
  const changed = edit(dayOf(4), '"generation":5', '"generation":8');
  const three = github.repository().commit({ [DAY]: null }, "By hand");
  expect(short(await audit())).toEqual([
    ["edited", "broken", id(1), one],
    ["edited", "broken", id(4), changed],
    ...[0, 1, 2].map(() => ["removed", "broken", expect.any(String), three]),
  ]);
  expect((await audit()).findings[0]).toMatchObject({
    commit: { author: "Mona Lisa", authored_at: "2027-01-01T02:01:00Z" },
    path: DAY,
    line: 2,
  });
});

test("several pages of commits, of which a limit leaves out the older ones", async () => {
  for (let count = 1; count <= 120; count += 1) commit(chainOf(count), count - 1);
  expect(await audit()).toMatchObject({ verdict: "ok", entries: 120, commits: 120, findings: [] });
  const limited = await audit(10);
  expect(limited).toMatchObject({ ok: false, verdict: "unknown", commits: 10 });
  expect(short(limited)).toEqual([["cut-off", "unknown", id(110), expect.any(String)]]);
});

test("a record that GraphQL would cut, one that is no text, and one that was deleted and begun again", async () => {
  const note = { "x-note": "é".repeat(260_000) };
  commit(recordFiles(RECORD, chainOf(2), note), 1);
  const zero = github.repository().commit({ [RECORD]: new Uint8Array([0, 0xff]) }, "By hand");
  commit(chainOf(3), 2);
  const gone = { [RECORD]: null, [DAY]: null };
  const deleted = github.repository().commit(gone, "By hand");
  commit(grow(chainOf(3), 1), 3);
  const result = await audit();
  expect(result).toMatchObject({ verdict: "ok", entries: 4, commits: 5 });
  expect(short(result)).toEqual([
    ["unreadable", "warning", null, zero],
    ...[0, 1, 2].map((index) => ["removed", "warning", id(index), deleted]),
  ]);
  expect(github.requests.filter(({ path }) => path.includes("/git/blobs/"))).toHaveLength(1);
});

test("a branch of its own; a branch, a repository and a permission that are missing", async () => {
  const repository = github.repository();
  repository.setBranch("record", repository.head() ?? "");
  now = new Date(commitDate(1));
  repository.commit(Object.fromEntries(recordFiles(RECORD, chainOf(2))), "Record", "record");
  expect(await audit(null, "record")).toMatchObject({ verdict: "ok", entries: 2, commits: 1 });
  const code = async (attempt: Promise<unknown>) =>
    describeError(await attempt.catch((error: unknown) => error)).code;
  expect(await code(audit(null, "nowhere"))).toBe("branch-missing");
  github.faults.add({
    match: { path: "/graphql" },
    times: 10,
    action: { kind: "status", status: 404 },
  });
  expect(await code(audit())).toBe("permission-missing");
});
