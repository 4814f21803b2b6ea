// The routes of Apps and installation tokens: https://docs.github.com/rest/apps/apps
import { mint } from "./apps.ts";
import type { AppSession, Installation } from "./auth.ts";
import { type Body, json, notFound, refusal } from "./replies.ts";
import { type Call, jsonObject, type Route, route } from "./routes.ts";

type FullToken = Body<"/app/installations/{installation_id}/access_tokens", "post", 201>;
type InstallationToken = Pick<FullToken, "token" | "expires_at" | "permissions"> & {
  repositories: Pick<NonNullable<FullToken["repositories"]>[number], "name" | "full_name">[];
};
type InstallationView = Pick<
  Body<"/repos/{owner}/{repo}/installation", "get", 200>,
  "id" | "app_id" | "repository_selection"
>;
type Reached = Pick<Body<"/installation/repositories", "get", 200>, "total_count"> & {
  repositories: { full_name: string }[];
};

function sessionOf({ token }: Call): AppSession {
  if (token.app === null) throw refusal(401, "A JSON web token could not be decoded");
  return token.app;
}

function installed(call: Call, suits: (installation: Installation) => boolean) {
  const { setup } = sessionOf(call);
  const found = setup.installations.find(suits);
  if (found === undefined) throw notFound();
  return json<InstallationView>({
    id: found.id,
    app_id: setup.id,
    repository_selection: "selected",
  });
}

const same = (one: string, other: string | undefined) => one.toLowerCase() === other?.toLowerCase();

export const appRoutes: readonly Route[] = [
  route("get", "/repos/{owner}/{repo}/installation", (call) =>
    installed(call, ({ repositories }) =>
      repositories.some((name) => same(name, `${call.params.owner}/${call.params.repo}`)),
    ),
  ),
  route("get", "/users/{username}/installation", (call) =>
    installed(call, ({ account }) => same(account, call.params.username)),
  ),
  route("post", "/app/installations/{installation_id}/access_tokens", (call) => {
    const { setup, keep } = sessionOf(call);
    const installation = setup.installations.find(
      ({ id }) => String(id) === call.params.installation_id,
    );
    if (installation === undefined) throw notFound();
    const { token, permissions, repositories } = mint(installation, jsonObject(call.request), {
      number: keep(null),
      now: call.now,
    });
    keep(token);
    const body: InstallationToken = {
      token: token.token,
      expires_at: (token.expiresAt ?? call.now).toISOString().replace(/\.\d+Z$/, "Z"),
      permissions,
      repositories: repositories.map((full_name) => ({
        name: full_name.split("/")[1] ?? "",
        full_name,
      })),
    };
    return json(body, 201);
  }),
  route("get", "/installation/repositories", ({ token }) => {
    if (token.kind !== "app" || token.repositories === null)
      throw refusal(403, "Resource not accessible by personal access token");
    return json<Reached>({
      total_count: token.repositories.length,
      repositories: token.repositories.map((full_name) => ({ full_name })),
    });
  }),
];
