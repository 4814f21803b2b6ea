// Issues of a repository, as far as a notifier needs them: https://docs.github.com/rest/issues/issues
import { type Body, json, notFound, validationFailed } from "./replies.ts";
import { jsonObject, paginate, type Route, repositoryRoute } from "./routes.ts";
import type { StoredIssue } from "./stored.ts";

type Issue = Pick<
  Body<"/repos/{owner}/{repo}/issues/{issue_number}", "get", 200>,
  "number" | "title" | "body" | "state" | "labels" | "html_url"
>;
type Comment = Pick<
  Body<"/repos/{owner}/{repo}/issues/comments/{comment_id}", "get", 200>,
  "id" | "body" | "created_at" | "updated_at"
> & {
  readonly user: { readonly login: string; readonly type: string };
};
type Role = Pick<
  Body<"/repos/{owner}/{repo}/collaborators/{username}/permission", "get", 200>,
  "permission" | "role_name"
>;

/** GitHub's limits, in characters. */
const MAX_TITLE = 256;
const MAX_BODY = 65_536;

/** When everything was written, and when edited. */
const WRITTEN = "2026-03-01T00:00:00Z";
export const EDITED = "2026-03-01T00:01:00Z";

function view({ number, title, body, state, labels }: StoredIssue, fullName: string): Issue {
  return {
    number,
    title,
    body,
    state,
    labels: labels.map((name) => ({ name })),
    html_url: `https://github.com/${fullName}/issues/${number}`,
  };
}

export const text = (value: unknown, otherwise: string): string =>
  typeof value === "string" ? value : otherwise;

export const issueRoutes: readonly Route[] = [
  repositoryRoute(
    "get",
    "/repos/{owner}/{repo}/issues",
    "issues",
    "read",
    ({ repository, request }) => {
      const state = request.query.get("state") ?? "open";
      const labels = (request.query.get("labels") ?? "").split(",").filter((label) => label !== "");
      const found = repository.issues.filter(
        (issue) =>
          (state === "all" || issue.state === state) &&
          labels.every((label) => issue.labels.includes(label)),
      );
      const { page, headers } = paginate(request, found);
      return json<Issue[]>(
        page.map((issue) => view(issue, repository.fullName)),
        200,
        headers,
      );
    },
  ),
  repositoryRoute(
    "post",
    "/repos/{owner}/{repo}/issues",
    "issues",
    "write",
    ({ repository, request, token }) => {
      const { title, body, labels } = jsonObject(request);
      const names = Array.isArray(labels)
        ? labels.filter((label) => typeof label === "string")
        : [];
      if (text(title, "").length > MAX_TITLE || text(body, "").length > MAX_BODY)
        throw validationFailed("Validation Failed");
      const issue: StoredIssue = {
        number: repository.issues.length + 1,
        title: text(title, ""),
        body: text(body, ""),
        state: "open",
        labels: names,
        author: token.login,
        edited: false,
        comments: [],
      };
      repository.issues.push(issue);
      return json<Issue>(view(issue, repository.fullName), 201);
    },
  ),
  repositoryRoute(
    "patch",
    "/repos/{owner}/{repo}/issues/{issue_number}",
    "issues",
    "write",
    ({ repository, params, request }) => {
      const issue = repository.issues.find(({ number }) => String(number) === params.issue_number);
      if (issue === undefined) throw notFound();
      const { title, body, state } = jsonObject(request);
      issue.title = text(title, issue.title);
      issue.edited ||= typeof body === "string" && body !== issue.body;
      issue.body = text(body, issue.body);
      issue.state = text(state, issue.state);
      return json<Issue>(view(issue, repository.fullName));
    },
  ),
  repositoryRoute(
    "get",
    "/repos/{owner}/{repo}/issues/{issue_number}/comments",
    "issues",
    "read",
    ({ repository, params, request }) => {
      const issue = repository.issues.find(({ number }) => String(number) === params.issue_number);
      if (issue === undefined) throw notFound();
      const { page, headers } = paginate(request, issue.comments);
      return json<Comment[]>(
        page.map(({ login, type, body, edited }, index) => ({
          id: index + 1,
          body,
          user: { login, type },
          created_at: WRITTEN,
          updated_at: edited ? EDITED : WRITTEN,
        })),
        200,
        headers,
      );
    },
  ),
  repositoryRoute(
    "get",
    "/repos/{owner}/{repo}/collaborators/{username}/permission",
    "metadata",
    "read",
    ({ repository, params }) => {
      // GitHub answers for every user that they may read a public repository.
      const permission = repository.roles.get((params.username ?? "").toLowerCase()) ?? "read";
      return json<Role>({ permission, role_name: permission });
    },
  ),
];
