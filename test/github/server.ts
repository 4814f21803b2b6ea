// A GitHub that speaks HTTP on a free port, for tests: start it, look into it, break it, stop it.
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { answer, type World } from "./answer.ts";
import type { AppSetup } from "./auth.ts";
import { createToken, DEFAULT_TOKEN, type TokenSetup } from "./auth.ts";
import { createFaults, type Fault } from "./faults.ts";
import { operationOf } from "./graphql.ts";
import { readRequest, readTarget, send } from "./http.ts";
import { createJudge } from "./judge.ts";
import { createLimits, type RateLimitSetup } from "./limits.ts";
import { perform } from "./perform.ts";
import type { Reply } from "./replies.ts";
import {
  createHandle,
  createRepository,
  type Repository,
  type RepositorySetup,
  type TestRepository,
} from "./repository.ts";
import { createRequestLog, type RequestLogEntry } from "./request-log.ts";
import type { GitHubRequest } from "./routes.ts";
import { createOrganization, type Organization } from "./secret-scopes.ts";
import type { KeyRegistry } from "./secrets.ts";

export { DEFAULT_TOKEN } from "./auth.ts";

/** The repository a server has unless told otherwise. */
export const DEFAULT_REPOSITORY = "acme/widgets";

export type GitHubOptions = {
  /** `acme/widgets`, private, with a README.md (default) */
  readonly repositories?: readonly RepositorySetup[];
  /** `DEFAULT_TOKEN`, an App's with contents and secrets: write everywhere (default) */
  readonly tokens?: readonly TokenSetup[];
  /** GitHub Apps that may ask for installation tokens; (default: none) */
  readonly apps?: readonly AppSetup[];
  /** Waited before each request is acted on, in milliseconds. */
  readonly latencyMs?: number;
  readonly rateLimit?: RateLimitSetup;
  /** The server's clock. */
  readonly now?: () => Date;
  /** What speaks below a path of its own beside GitHub; its requests are logged, and meet faults, like all others. */
  readonly beside?: { readonly prefix: string; readonly answer: (request: GitHubRequest) => Reply };
  /** Requests below `/_test/` go here instead, unlogged: for a server that another process must look into. */
  readonly admin?: (github: TestGitHub, request: GitHubRequest) => Promise<Reply>;
};

export type TestGitHub = {
  /** The REST root, without a slash at the end: GITHUB_API_URL. */
  readonly url: string;
  /** GITHUB_GRAPHQL_URL. */
  readonly graphqlUrl: string;
  /** Everything asked for, in the order of arrival. */
  readonly requests: RequestLogEntry[];
  readonly maxInFlight: number;
  /** Forgets the log. Repositories and faults stay. */
  reset(): void;
  /** Throws where the server has no such repository. */
  repository(fullName?: string): TestRepository;
  readonly repositories: readonly string[];
  addRepository(setup: RepositorySetup): Promise<TestRepository>;
  /** Throws where no repository has such an owner. */
  organization(login?: string): Organization;
  addToken(setup: TokenSetup): void;
  /** From now on: 401 Bad credentials. */
  revokeToken(token: string): void;
  readonly faults: { add(fault: Fault): void; clear(): void; readonly pending: number };
  /** Lets requests and replies pass whose violation of GitHub's description reads so: see judge.ts. */
  excuse(violation: RegExp): void;
  /** Cuts what is still open and stops. Throws if a request or a reply violated GitHub's description. */
  close(): Promise<void>;
};

/** Sets up repositories and tokens. */
async function createWorld(options: GitHubOptions): Promise<World> {
  const now = options.now ?? (() => new Date());
  const registry: KeyRegistry = new Set();
  const world: World = {
    tokens: (options.tokens ?? [{ token: DEFAULT_TOKEN }]).map(createToken),
    repositories: new Map(),
    organizations: new Map(),
    registry,
    apps: options.apps ?? [],
    limits: createLimits(options.rateLimit ?? {}),
    now,
  };
  for (const setup of options.repositories ?? [{ fullName: DEFAULT_REPOSITORY }])
    await addRepository(world, setup);
  return world;
}

/** Adds a repository, and its owner where that is a new one. */
async function addRepository(world: World, setup: RepositorySetup): Promise<Repository> {
  const { repositories, organizations, registry, now } = world;
  const made = await createRepository(setup, { id: repositories.size + 1, now: now(), registry });
  const [login = ""] = setup.fullName.split("/");
  if (!organizations.has(login.toLowerCase()))
    organizations.set(
      login.toLowerCase(),
      await createOrganization(login, organizations.size + 1, registry),
    );
  repositories.set(setup.fullName.toLowerCase(), made);
  return made;
}

/** Listens on 127.0.0.1 and a free port. */
async function listen(
  handle: (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>,
) {
  const server = createServer((incoming, outgoing) => {
    handle(incoming, outgoing).catch((error: unknown) => {
      // A caller that went away is no defect; anything else is one of this server's, and must be seen.
      if (outgoing.destroyed || outgoing.headersSent) return outgoing.destroy();
      const detail = error instanceof Error ? error.stack : String(error);
      send(outgoing, { status: 500, body: { message: `The tests' GitHub failed: ${detail}` } });
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string")
    throw new Error("the tests' GitHub listens on no port");
  const close = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  };
  return { url: `http://127.0.0.1:${address.port}`, close };
}

/** What tests hold, over one world. */
function createControls(world: World) {
  const handle = (repository: Repository) => createHandle(repository, world.now);
  return {
    repository(fullName = DEFAULT_REPOSITORY): TestRepository {
      const found = world.repositories.get(fullName.toLowerCase());
      if (found === undefined) throw new Error(`the tests' GitHub has no repository ${fullName}`);
      return handle(found);
    },
    addRepository: async (setup: RepositorySetup): Promise<TestRepository> =>
      handle(await addRepository(world, setup)),
    organization(login = DEFAULT_REPOSITORY.split("/")[0] ?? ""): Organization {
      const found = world.organizations.get(login.toLowerCase());
      if (found === undefined) throw new Error(`the tests' GitHub has no organization ${login}`);
      return found;
    },
    addToken: (setup: TokenSetup): void => void world.tokens.push(createToken(setup)),
    revokeToken(token: string): void {
      const at = world.tokens.findIndex((known) => known.token === token);
      if (at >= 0) world.tokens.splice(at, 1);
    },
  };
}

/** Starts a server on 127.0.0.1 and a free port. */
export async function startGitHub(options: GitHubOptions = {}): Promise<TestGitHub> {
  const world = await createWorld(options);
  const faults = createFaults();
  const log = createRequestLog();
  const judge = createJudge();

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    if (options.admin !== undefined && readTarget(incoming).path.startsWith("/_test/")) {
      return send(outgoing, await options.admin(github, await readRequest(incoming)));
    }
    const entry = log.enter(incoming);
    try {
      const request = await readRequest(incoming);
      entry.body = request.body.toString("utf8");
      entry.operation = operationOf(request)?.kind ?? null;
      const { beside } = options;
      const isBeside = beside !== undefined && request.path.startsWith(beside.prefix);
      const refuse = (reply: Reply) => {
        send(outgoing, reply);
        entry.status = reply.status;
      };
      const unknown = isBeside ? null : judge.request(request);
      if (unknown !== null) return refuse(unknown);
      const action = faults.take(request, entry.index);
      entry.fault = action?.kind ?? null;
      if (options.latencyMs !== undefined) await wait(options.latencyMs);
      const context = {
        method: request.method,
        path: request.path,
        body: entry.body,
        index: entry.index,
      };
      const made = action?.kind === "status" && !isBeside ? { body: null, ...action } : null;
      const lie = made === null ? null : judge.reply(request, made);
      if (lie !== null) return refuse(lie);
      const act = () => {
        if (isBeside) return beside.answer(request);
        const reply = answer(world, request, entry.inFlight);
        return judge.reply(request, reply) ?? reply;
      };
      entry.status = await perform(action, context, act, outgoing);
    } finally {
      log.leave();
    }
  }

  const { url, close } = await listen(handle);
  const github: TestGitHub = {
    ...createControls(world),
    url,
    graphqlUrl: `${url}/graphql`,
    requests: log.requests,
    get maxInFlight() {
      return log.maxInFlight;
    },
    reset: log.reset,
    get repositories() {
      return [...world.repositories.values()].map(({ fullName }) => fullName);
    },
    faults,
    excuse: judge.excuse,
    async close() {
      await close();
      judge.conclude();
    },
  };
  return github;
}
