// Issues of a repository, as far as a notifier needs them: https://docs.github.com/rest/issues/issues
import { type Body, json, notFound } from "./replies.ts";
import { jsonObject, paginate, type Route, repositoryRoute } from "./routes.ts";

type Issue = Pick<Body<"/repos/{owner}/{repo}/issues/{issue_number}", "get", 200>, "number" | "title" | "body" | "state" | "labels">;

/** An issue as tests compare it. */
export type StoredIssue = { readonly number: number; title: string; body: string; state: string; readonly labels: readonly string[] };

function view({ number, title, body, state, labels }: StoredIssue): Issue {
  return { number, title, body, state, labels: labels.map((name) => ({ name })) };
}

const text = (value: unknown, otherwise: string): string => (typeof value === "string" ? value : otherwise);

export const issueRoutes: readonly Route[] = [
  repositoryRoute("get", "/repos/{owner}/{repo}/issues", "issues", "read", ({ repository, request }) => {
    const state = request.query.get("state") ?? "open";
    const labels = (request.query.get("labels") ?? "").split(",").filter((label) => label !== "");
    const found = repository.issues.filter(
      (issue) => (state === "all" || issue.state === state) && labels.every((label) => issue.labels.includes(label)),
    );
    const { page, headers } = paginate(request, found);
    return json<Issue[]>(page.map(view), 200, headers);
  }),
  repositoryRoute("post", "/repos/{owner}/{repo}/issues", "issues", "write", ({ repository, request }) => {
    const { title, body, labels } = jsonObject(request);
    const names = Array.isArray(labels) ? labels.filter((label) => typeof label === "string") : [];
    const issue: StoredIssue = {
      number: repository.issues.length + 1,
      title: text(title, ""),
      body: text(body, ""),
      state: "open",
      labels: names,
    };
    repository.issues.push(issue);
    return json<Issue>(view(issue), 201);
  }),
  repositoryRoute("patch", "/repos/{owner}/{repo}/issues/{issue_number}", "issues", "write", ({ repository, params, request }) => {
    const issue = repository.issues.find(({ number }) => String(number) === params.issue_number);
    if (issue === undefined) throw notFound();
    const { title, body, state } = jsonObject(request);
    issue.title = text(title, issue.title);
    issue.body = text(body, issue.body);
    issue.state = text(state, issue.state);
    return json<Issue>(view(issue));
  }),
];
