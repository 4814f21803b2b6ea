// Deploy keys of a repository: https://docs.github.com/rest/deploy-keys/deploy-keys
import { type Body, json, notFound, validationFailed } from "./replies.ts";
import {
  jsonObject,
  paginate,
  type RepositoryCall,
  type Route,
  repositoryRoute,
} from "./routes.ts";
import type { StoredKey } from "./stored.ts";

type DeployKey = Body<"/repos/{owner}/{repo}/keys/{key_id}", "get", 200>;

/** The type's name in front of the bytes, each length in four bytes before it: RFC 4253, section 6.6. */
function normalized(text: unknown): string {
  const [, type, body = ""] =
    /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)) ([A-Za-z0-9+/]+={0,2})(?: .*)?$/.exec(
      String(text),
    ) ?? [];
  const bytes = Buffer.from(body, "base64");
  const named =
    type === undefined || bytes.length < 32
      ? ""
      : bytes.subarray(4, 4 + bytes.readUInt32BE(0)).toString("latin1");
  if (type === undefined || named !== type)
    throw validationFailed("key is invalid. You must supply a key in OpenSSH public key format");
  return `${type} ${body}`;
}

function view(
  { id, title, key, readOnly, at }: StoredKey,
  { request, repository }: RepositoryCall,
): DeployKey {
  return {
    id,
    key,
    title,
    read_only: readOnly,
    verified: true,
    created_at: at.toISOString(),
    url: `${request.root}/repos/${repository.fullName}/keys/${id}`,
  };
}

function known({ repository, params }: RepositoryCall): StoredKey {
  const found = repository.deployKeys.find(({ id }) => String(id) === params.key_id);
  if (found === undefined) throw notFound();
  return found;
}

export const keyRoutes: readonly Route[] = [
  repositoryRoute("get", "/repos/{owner}/{repo}/keys", "administration", "read", (call) => {
    const { page, headers } = paginate(call.request, call.repository.deployKeys);
    return json<DeployKey[]>(
      page.map((key) => view(key, call)),
      200,
      headers,
    );
  }),
  repositoryRoute("post", "/repos/{owner}/{repo}/keys", "administration", "write", (call) => {
    const { repository, request, now } = call;
    const { title, key, read_only } = jsonObject(request);
    const normal = normalized(key);
    if (repository.deployKeys.some((other) => other.key === normal))
      throw validationFailed("key is already in use");
    const id = repository.numbers.next();
    const stored = {
      id,
      title: typeof title === "string" ? title : "",
      key: normal,
      readOnly: read_only === true,
      at: now,
    };
    repository.deployKeys.push(stored);
    return json<DeployKey>(view(stored, call), 201);
  }),
  repositoryRoute("get", "/repos/{owner}/{repo}/keys/{key_id}", "administration", "read", (call) =>
    json<DeployKey>(view(known(call), call)),
  ),
  repositoryRoute(
    "delete",
    "/repos/{owner}/{repo}/keys/{key_id}",
    "administration",
    "write",
    (call) => {
      call.repository.deployKeys.splice(call.repository.deployKeys.indexOf(known(call)), 1);
      return { status: 204, body: null };
    },
  ),
];
