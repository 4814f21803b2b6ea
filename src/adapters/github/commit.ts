// One commit of several files as a compare-and-set on a branch, and the search for it after a lost reply.
import { z } from "zod";
import {
  Denied,
  type Failure,
  Misconfigured,
  Uncertain,
  Unchanged,
} from "../../core/base/errors.ts";
import type { RecordChange } from "../../core/ports/store.ts";
import type { GitHubClient } from "./client.ts";
import { type GraphqlError, graphqlErrors, toFailure } from "./errors.ts";
import { type BranchPlace, branchMissing, readHead, repositoryMissing } from "./snapshot.ts";

/** The branch to commit to, by its own name. */
export type CommitPlace = BranchPlace & { readonly branch: string };

/** The outcome of one attempt. `unknown` means that it may have happened. */
export type Attempt =
  | { readonly kind: "saved"; readonly oid: string; readonly url: string | null }
  | { readonly kind: "stale" }
  | { readonly kind: "unknown"; readonly failure: Uncertain };

const MUTATION = `mutation ($input: CreateCommitOnBranchInput!) {
  createCommitOnBranch(input: $input) { commit { oid url } }
}`;

const Reply = z.object({
  createCommitOnBranch: z.object({
    commit: z.object({ oid: z.string().min(1), url: z.string().nullish() }),
  }),
});

/** GitHub's classic protections have a type of their own. Its rulesets have only a message. */
const PROTECTED =
  /RULE_VIOLATION|rule violation|protected branch|through a pull request|approving review|required status check|verified signature/i;
const STALE = /expected branch to point to|pull and try again/i;
/** How many commits back the search goes. If the branch got more within one request's time-out, the outcome stays open. */
const COMMITS_LOOKED_AT = 30;

/**
 * `createCommitOnBranch`, sent once. https://docs.github.com/graphql/reference/mutations#createcommitonbranch
 * @throws `Denied`, `Misconfigured` or `Unchanged` if nothing was written.
 */
export async function commitOnBranch(
  client: GitHubClient,
  place: CommitPlace,
  change: RecordChange & { readonly expected: string },
): Promise<Attempt> {
  const doing = `commit to ${place.owner}/${place.name}`;
  try {
    const reply = Reply.safeParse(
      await client.graphql(MUTATION, { input: inputFor(place, change), request: { retries: 0 } }),
    );
    if (!reply.success) return { kind: "unknown", failure: outcomeUnknown(place) };
    const { oid, url } = reply.data.createCommitOnBranch.commit;
    return { kind: "saved", oid, url: url ?? null };
  } catch (error) {
    const refusals = graphqlErrors(error);
    if (refusals?.some(({ type, message }) => type === "STALE_DATA" || STALE.test(message)))
      return { kind: "stale" };
    if (refusals !== null) throwKnown(refusals, place);
    const failure = toFailure(error, doing, "Contents: write");
    if (failure instanceof Uncertain) return { kind: "unknown", failure };
    throw failure;
  }
}

/** The commit that was made on top of `change.expected` since, if its message equals ours. Null if it is not there. */
export async function findCommit(
  client: GitHubClient,
  place: CommitPlace,
  change: RecordChange,
): Promise<{
  readonly head: string;
  readonly ours: { readonly oid: string; readonly url: string } | null;
}> {
  const head = await readHead(client, place, place.branch);
  if (head === change.expected) return { head, ours: null };
  // By its id. `sha` takes an id or a branch's bare name, which a tag may have too. Full refs are undocumented, and some servers refuse them.
  const at = { owner: place.owner, repo: place.name, sha: head, per_page: COMMITS_LOOKED_AT };
  const { data: commits } = await client.request("GET /repos/{owner}/{repo}/commits", at);
  const next = commits.find(({ parents }) => parents[0]?.sha === change.expected);
  const isOurs = next !== undefined && next.commit.message.trim() === change.message.trim();
  return { head, ours: isOurs ? { oid: next.sha, url: next.html_url } : null };
}

function inputFor(place: CommitPlace, { expected, files, message }: RecordChange): object {
  const [headline = "", ...body] = message.split("\n");
  const additions = [...files].map(([path, text]) => ({
    path,
    contents: Buffer.from(text, "utf8").toString("base64"),
  }));
  return {
    branch: { repositoryNameWithOwner: `${place.owner}/${place.name}`, branchName: place.branch },
    message: { headline, body: body.join("\n").trim() },
    fileChanges: { additions },
    expectedHeadOid: expected,
  };
}

function throwKnown(refusals: readonly GraphqlError[], place: CommitPlace): void {
  const any = (pattern: RegExp) =>
    refusals.some(({ type, message }) => pattern.test(type ?? "") || pattern.test(message));
  if (any(PROTECTED)) {
    throw new Denied(
      `could not commit to ${place.owner}/${place.name}: the branch ${place.branch} is protected`,
      {
        code: "branch-protected",
        hint: "Let the App bypass the protection (Settings, Rules, Bypass list), or keep the record on a branch of its own with the input `branch`.",
      },
    );
  }
  if (any(/branch.*not found|no such branch/i)) throw branchMissing(place);
  if (any(/^NOT_FOUND$/)) throw repositoryMissing(place);
}

/** The commit may have been made. `cause` is a failure of ours, since Octokit's errors hold the request. */
export function outcomeUnknown({ owner, name }: CommitPlace, cause?: Failure): Uncertain {
  return new Uncertain(`the commit to ${owner}/${name} may or may not have been made`, {
    code: "outcome-unknown",
    hint: "Run it again. It reads the record first, and goes on from what it finds.",
    cause,
  });
}

/** There is nothing to compare with, and GitHub makes a commit only on top of one. */
export function expectedMissing(place: BranchPlace): Misconfigured {
  return new Misconfigured(
    `could not commit to ${place.owner}/${place.name}: no version was given to build on`,
    {
      code: "version-missing",
      hint: "Load the record first.",
    },
  );
}

/** The commit was sent, looked for, and is not there. */
export function notSaved(place: CommitPlace): Unchanged {
  return new Unchanged(
    `could not commit to ${place.owner}/${place.name}: no answer came, and the branch ${place.branch} has not moved`,
    {
      code: "github-unavailable",
      hint: "Run it again later. https://www.githubstatus.com shows outages.",
    },
  );
}
