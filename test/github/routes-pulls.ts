// Pull requests and what they are made of, as far as approvals need them: https://docs.github.com/rest/pulls/pulls

import { type Body, json, notFound, validationFailed } from "./replies.ts";
import type { RepositoryCall, Route } from "./routes.ts";
import { jsonObject, paginate, repositoryRoute } from "./routes.ts";
import { text } from "./routes-issues.ts";
import type { StoredIssue } from "./stored.ts";

type Pull = Pick<
  Body<"/repos/{owner}/{repo}/pulls/{pull_number}", "get", 200>,
  "number" | "title" | "body" | "state" | "html_url"
>;
type Review = Pick<
  Body<"/repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}", "get", 200>,
  "id" | "state"
> & {
  readonly user: { readonly login: string; readonly type: string };
};
type Opened = StoredIssue & { readonly pull: NonNullable<StoredIssue["pull"]> };

function view({ number, title, body, state }: StoredIssue, fullName: string): Pull {
  return {
    number,
    title,
    body,
    state: state === "open" ? "open" : "closed",
    html_url: `https://github.com/${fullName}/pull/${number}`,
  };
}

function pullsOf({ repository }: RepositoryCall): Opened[] {
  return repository.issues.flatMap((issue) =>
    issue.pull === undefined ? [] : [{ ...issue, pull: issue.pull }],
  );
}

function named(call: RepositoryCall): StoredIssue {
  const found = call.repository.issues.find(
    ({ number, pull }) => pull !== undefined && String(number) === call.params.pull_number,
  );
  if (found === undefined) throw notFound();
  return found;
}

function open(call: RepositoryCall) {
  const { repository, request, token } = call;
  const { title, body, head, base } = jsonObject(request);
  const { branches } = repository.history;
  const [from, onto] = [branches.get(text(head, "")), branches.get(text(base, ""))];
  if (from === undefined || onto === undefined) throw validationFailed("Validation Failed");
  if (from === onto) throw validationFailed(`No commits between ${base} and ${head}`);
  if (pullsOf(call).some(({ state, pull }) => state === "open" && pull.head === head))
    throw validationFailed("A pull request already exists");
  const number = repository.issues.length + 1;
  const words = {
    title: text(title, ""),
    body: text(body, ""),
    state: "open",
    labels: [],
    author: token.login,
    edited: false,
  };
  const made: StoredIssue = {
    number,
    ...words,
    comments: [],
    pull: { head: text(head, ""), reviews: [] },
  };
  repository.issues.push(made);
  return json<Pull>(view(made, repository.fullName), 201);
}

function makeCommit({ repository, request, now }: RepositoryCall) {
  const { message, tree, parents } = jsonObject(request);
  const [parent] = Array.isArray(parents) ? parents : [];
  const before = repository.history.commitByOid(String(parent));
  if (before === null || before.treeOid !== tree) throw validationFailed("Tree SHA does not exist");
  const author = { name: "token-automation[bot]", email: "bot@users.noreply.github.com" };
  const { oid } = repository.history.commitOn(before, {
    message: text(message, ""),
    author,
    date: now,
  });
  return json({ sha: oid, message }, 201);
}

function makeRef({ repository, request }: RepositoryCall) {
  const { ref, sha } = jsonObject(request);
  const branch = text(ref, "").replace("refs/heads/", "");
  if (repository.history.branches.has(branch)) throw validationFailed("Reference already exists");
  if (repository.history.commitByOid(String(sha)) === null)
    throw validationFailed("Object does not exist");
  repository.history.branches.set(branch, String(sha));
  return json({ ref, object: { sha } }, 201);
}

export const pullRoutes: readonly Route[] = [
  repositoryRoute("get", "/repos/{owner}/{repo}/pulls", "pull_requests", "read", (call) => {
    const head = call.request.query.get("head");
    const [owner] = call.repository.fullName.split("/");
    const found = pullsOf(call).filter(
      ({ state, pull }) => state === "open" && (head === null || head === `${owner}:${pull.head}`),
    );
    return json<Pull[]>(found.map((pull) => view(pull, call.repository.fullName)));
  }),
  repositoryRoute("post", "/repos/{owner}/{repo}/pulls", "pull_requests", "write", open),
  repositoryRoute(
    "patch",
    "/repos/{owner}/{repo}/pulls/{pull_number}",
    "pull_requests",
    "write",
    (call) => {
      const pull = named(call);
      pull.state = text(jsonObject(call.request).state, pull.state);
      return json<Pull>(view(pull, call.repository.fullName));
    },
  ),
  repositoryRoute(
    "get",
    "/repos/{owner}/{repo}/pulls/{pull_number}/reviews",
    "pull_requests",
    "read",
    (call) => {
      const { page, headers } = paginate(call.request, named(call).pull?.reviews ?? []);
      const reviews = page.map(({ login, type, state }, index) => ({
        id: index + 1,
        state,
        user: { login, type },
      }));
      return json<Review[]>(reviews, 200, headers);
    },
  ),
  repositoryRoute("post", "/repos/{owner}/{repo}/git/commits", "contents", "write", makeCommit),
  repositoryRoute("post", "/repos/{owner}/{repo}/git/refs", "contents", "write", makeRef),
  repositoryRoute(
    "delete",
    "/repos/{owner}/{repo}/git/refs/{ref}",
    "contents",
    "write",
    ({ repository, params }) => {
      if (!repository.history.branches.delete((params.ref ?? "").replace("heads/", "")))
        throw validationFailed("Reference does not exist");
      return { status: 204, headers: {}, body: Buffer.alloc(0) };
    },
  ),
];
