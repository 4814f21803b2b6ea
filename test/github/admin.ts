// Looking into a server from another process: /_test/… as JSON.
import * as z from "zod";
import type { Fault } from "./faults.ts";
import { json, notFound, Refusal, type Reply, validationFailed } from "./replies.ts";
import type { TestRepository } from "./repository.ts";
import { type GitHubRequest, jsonObject } from "./routes.ts";
import { DEFAULT_REPOSITORY, type TestGitHub } from "./server.ts";

const pattern = z.object({ pattern: z.string() }).transform(({ pattern }) => new RegExp(pattern));
const count = z.int().min(1);
const repository = z.string().default(DEFAULT_REPOSITORY);

/** A fault as JSON: `{"pattern": "…"}` where there is a RegExp; callbacks cannot be sent. */
const faultSchema = z.strictObject({
  match: z.strictObject({
    method: z.string().exactOptional(),
    path: z.union([z.string(), pattern]).exactOptional(),
    graphql: z.union([z.enum(["query", "mutation"]), pattern]).exactOptional(),
    nth: count.exactOptional(),
    index: count.exactOptional(),
  }),
  times: count.exactOptional(),
  action: z.discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("status"),
      status: z.int(),
      body: z.unknown().exactOptional(),
      headers: z.record(z.string(), z.string()).exactOptional(),
    }),
    z.strictObject({ kind: z.literal("cut") }),
    z.strictObject({ kind: z.literal("apply-then-cut") }),
    z.strictObject({ kind: z.literal("hang") }),
    z.strictObject({ kind: z.literal("half") }),
    z.strictObject({ kind: z.literal("delay"), ms: z.number().min(0) }),
  ]),
});

const commitSchema = z.strictObject({
  repository,
  files: z.record(z.string(), z.string().nullable()),
  message: z.string(),
  branch: z.string().optional(),
});

const settingsSchema = z.strictObject({
  repository,
  visibility: z.enum(["public", "private", "internal"]).optional(),
  defaultBranch: z.string().optional(),
  protectedBranches: z.record(z.string(), z.enum(["classic", "ruleset"])).optional(),
});

function secretsOf(of: TestRepository) {
  return Object.fromEntries(of.secrets().map((name) => [name, of.secret(name)]));
}

function describe(of: TestRepository) {
  const { visibility, defaultBranch } = of;
  const branches = Object.fromEntries(of.branches.map((branch) => [branch, of.head(branch)]));
  return {
    visibility,
    defaultBranch,
    branches,
    files: of.files(),
    commits: of.commits(),
    secrets: secretsOf(of),
  };
}

function changeSettings(github: TestGitHub, body: unknown): Reply {
  const settings = settingsSchema.parse(body);
  const of = github.repository(settings.repository);
  if (settings.visibility !== undefined) of.visibility = settings.visibility;
  if (settings.defaultBranch !== undefined) of.defaultBranch = settings.defaultBranch;
  for (const [branch, protection] of Object.entries(settings.protectedBranches ?? {}))
    of.protectedBranches.set(branch, protection);
  return json(describe(of));
}

function act(github: TestGitHub, request: GitHubRequest): Reply {
  const asked = () => github.repository(request.query.get("repository") ?? DEFAULT_REPOSITORY);
  const body = jsonObject(request);
  switch (`${request.method} ${request.path.slice("/_test/".length)}`) {
    case "GET state":
      return json(
        Object.fromEntries(
          github.repositories.map((name) => [name, describe(github.repository(name))]),
        ),
      );
    case "GET requests":
      return json({ requests: github.requests, max_in_flight: github.maxInFlight });
    case "DELETE requests":
      github.reset();
      return { status: 204, body: null };
    case "GET secrets":
      return json(secretsOf(asked()));
    case "GET faults":
      return json({ pending: github.faults.pending });
    case "POST faults": {
      const fault: Fault = faultSchema.parse(body);
      github.faults.add(fault);
      return json({ pending: github.faults.pending }, 201);
    }
    case "DELETE faults":
      github.faults.clear();
      return { status: 204, body: null };
    case "POST commits": {
      const { repository, files, message, branch } = commitSchema.parse(body);
      return json({ oid: github.repository(repository).commit(files, message, branch) }, 201);
    }
    case "POST settings":
      return changeSettings(github, body);
    case "POST keys":
      asked().rotateKey();
      return json(asked().publicKey(), 201);
    default:
      return notFound().reply;
  }
}

/** Answers `/_test/…`: state, requests, secrets, faults, commits, settings, keys. */
export async function answerAdmin(github: TestGitHub, request: GitHubRequest): Promise<Reply> {
  try {
    return act(github, request);
  } catch (error) {
    if (error instanceof Refusal) return error.reply;
    if (error instanceof z.ZodError) return validationFailed(z.prettifyError(error)).reply;
    throw error;
  }
}
