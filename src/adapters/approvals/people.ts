// The people on GitHub whose approval of a plan counts: those who may write to the repository, in unchanged words.
import type { GitHubClient } from "../github/client.ts";
import { statusOf } from "../github/errors.ts";

const APPROVE = /^\s*\/approve\s*$/m;
/** Roles that may write to the repository: https://docs.github.com/rest/collaborators/collaborators */
const MAY_APPROVE = ["admin", "maintain", "write"];

type At = { readonly owner: string; readonly repo: string };
type Word = { readonly user: { readonly login: string; readonly type: string } | null };

/**
 * Whether this service wrote it and it was not changed since. Programs may write and edit issues too. A person's approval
 * counts only if the text is still word for word what was asked. REST does not show that: https://docs.github.com/graphql/reference/interfaces#comment
 */
export async function isOurs(
  github: GitHubClient,
  at: At,
  what: "issue" | "pullRequest",
  number: number,
): Promise<boolean> {
  const query = `query ($owner: String!, $repo: String!, $number: Int!) {
    repository(owner: $owner, name: $repo) { ${what}(number: $number) { viewerDidAuthor lastEditedAt } }
  }`;
  const { viewerDidAuthor, lastEditedAt } = Object(
    Object(await github.graphql(query, { ...at, number })).repository?.[what],
  );
  return viewerDidAuthor === true && lastEditedAt === null;
}

/** The person who has approved it by a comment, or null. A pull request's comments are an issue's. */
export async function whoCommented(
  github: GitHubClient,
  at: At,
  issue_number: number,
): Promise<string | null> {
  const may = findPermitted(github, at);
  for (let page = 1; ; page += 1) {
    const query = { ...at, issue_number, per_page: 100, page };
    const { data } = await github.request(
      "GET /repos/{owner}/{repo}/issues/{issue_number}/comments",
      query,
    );
    for (const {
      user,
      body,
      performed_via_github_app: app,
      created_at: written,
      updated_at: edited,
    } of data) {
      // A program's comment is no person's, even under a person's token. Nor does a changed comment count, since programs may edit anyone's.
      if (app || written !== edited || !APPROVE.test(body ?? "")) continue;
      const person = await may({ user: user ?? null });
      if (person !== null) return person;
    }
    if (data.length < 100) return null;
  }
}

/** The person who has approved a pull request by a review that stands: not dismissed, and not followed by another verdict of theirs. */
export async function whoReviewed(
  github: GitHubClient,
  at: At,
  pull_number: number,
): Promise<string | null> {
  const may = findPermitted(github, at);
  const verdicts = new Map<string, Word & { readonly state: string }>();
  for (let page = 1; ; page += 1) {
    const query = { ...at, pull_number, per_page: 100, page };
    const { data } = await github.request(
      "GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews",
      query,
    );
    for (const { user, state } of data)
      if (state !== "COMMENTED") verdicts.set(user?.login ?? "", { user, state });
    if (data.length < 100) break;
  }
  for (const verdict of verdicts.values()) {
    const person = verdict.state === "APPROVED" ? await may(verdict) : null;
    if (person !== null) return person;
  }
  return null;
}

/** The login of the author if it is a person who may write. Each is looked up once, since anyone may comment often on a public repository. */
function findPermitted(github: GitHubClient, at: At): (word: Word) => Promise<string | null> {
  const refused = new Set<string>();
  return async ({ user }) => {
    if (user?.type !== "User" || refused.has(user.login)) return null;
    if (await mayApprove(github, at, user.login)) return user.login;
    refused.add(user.login);
    return null;
  };
}

async function mayApprove(github: GitHubClient, at: At, username: string): Promise<boolean> {
  try {
    const { data } = await github.request(
      "GET /repos/{owner}/{repo}/collaborators/{username}/permission",
      { ...at, username },
    );
    return MAY_APPROVE.includes(data.permission);
  } catch (error) {
    if (statusOf(error) === 404) return false;
    throw error;
  }
}
