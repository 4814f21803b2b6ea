// A GitHub that speaks HTTP on a free port, for tests: start it, look into it, break it, stop it.
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { answer, type World } from "./answer.ts";
import { createToken, DEFAULT_TOKEN, type TokenSetup } from "./auth.ts";
import { createFaults, type Fault, type FaultAction, type FaultContext } from "./faults.ts";
import { operationOf } from "./graphql.ts";
import { readRequest, readTarget, send, sendHalf } from "./http.ts";
import { createLimits, type RateLimitSetup } from "./limits.ts";
import type { Reply } from "./replies.ts";
import { createHandle, createRepository, type RepositorySetup, type TestRepository } from "./repository.ts";
import type { GitHubRequest } from "./routes.ts";

export { DEFAULT_TOKEN } from "./auth.ts";

/** The repository a server has unless told otherwise. */
export const DEFAULT_REPOSITORY = "acme/widgets";

export type GitHubOptions = {
  /** `acme/widgets`, private, with a README.md, unless given. */
  readonly repositories?: readonly RepositorySetup[];
  /** `DEFAULT_TOKEN`, an App's with contents and secrets: write everywhere, unless given. */
  readonly tokens?: readonly TokenSetup[];
  /** Waited before each request is acted on, in milliseconds. */
  readonly latencyMs?: number;
  readonly rateLimit?: RateLimitSetup;
  /** The server's clock. */
  readonly now?: () => Date;
  /** Requests below `/_test/` go here instead, unlogged: for a server that another process must look into. */
  readonly admin?: (github: TestGitHub, request: GitHubRequest) => Promise<Reply>;
};

/** One request as it was seen. */
export type RequestLogEntry = {
  /** Counted from 1, in the order of arrival. */
  readonly index: number;
  readonly method: string;
  /** Without the query and without `/api/v3`. */
  readonly path: string;
  readonly query: string;
  /** Requests under way when this one arrived, itself included. */
  readonly inFlight: number;
  /** For a request to /graphql. */
  operation: "query" | "mutation" | null;
  /** The request's body as text: to look for what must not be in it. */
  body: string;
  /** Null while, and where, no reply was sent. */
  status: number | null;
  fault: FaultAction["kind"] | null;
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
  addToken(setup: TokenSetup): void;
  /** From now on: 401 Bad credentials. */
  revokeToken(token: string): void;
  readonly faults: { add(fault: Fault): void; clear(): void; readonly pending: number };
  /** Cuts what is still open and stops. */
  close(): Promise<void>;
};

/** Carries one fault out around `act`. Gives the status that was sent, or null. */
async function perform(
  action: FaultAction | null,
  context: FaultContext,
  act: () => Reply,
  outgoing: ServerResponse,
): Promise<number | null> {
  const sent = (reply: Reply) => {
    send(outgoing, reply);
    return reply.status;
  };
  switch (action?.kind) {
    case undefined:
      return sent(act());
    case "status": {
      const body =
        action.body === undefined ? { message: "A fault of the tests", documentation_url: "", status: String(action.status) } : action.body;
      return sent({ status: action.status, body, ...(action.headers === undefined ? {} : { headers: action.headers }) });
    }
    case "delay":
      await wait(action.ms);
      return sent(act());
    case "call": {
      await action.before?.(context);
      const reply = act();
      await action.after?.(context);
      return sent(reply);
    }
    case "half":
      await sendHalf(outgoing, act());
      return null;
    case "hang":
      await once(outgoing, "close");
      return null;
    case "apply-then-cut":
      act();
      outgoing.destroy();
      return null;
    case "cut":
      outgoing.destroy();
      return null;
  }
}

/** Sets up repositories and tokens. */
async function createWorld(options: GitHubOptions): Promise<World> {
  const now = options.now ?? (() => new Date());
  const setups = options.repositories ?? [{ fullName: DEFAULT_REPOSITORY }];
  const made = await Promise.all(setups.map((setup, at) => createRepository(setup, at + 1, now())));
  return {
    tokens: (options.tokens ?? [{ token: DEFAULT_TOKEN }]).map(createToken),
    repositories: new Map(made.map((repository) => [repository.fullName.toLowerCase(), repository])),
    limits: createLimits(options.rateLimit ?? {}),
    now,
  };
}

/** Starts a server on 127.0.0.1 and a free port. */
export async function startGitHub(options: GitHubOptions = {}): Promise<TestGitHub> {
  const world = await createWorld(options);
  const faults = createFaults();
  const requests: RequestLogEntry[] = [];
  let inFlight = 0;
  let maxInFlight = 0;

  function enter(incoming: IncomingMessage): RequestLogEntry {
    inFlight += 1;
    maxInFlight = Math.max(maxInFlight, inFlight);
    const { path, query } = readTarget(incoming);
    const seen = { index: requests.length + 1, method: incoming.method ?? "GET", path, query: query.toString(), inFlight };
    const entry: RequestLogEntry = { ...seen, operation: null, body: "", status: null, fault: null };
    requests.push(entry);
    return entry;
  }

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    if (options.admin !== undefined && readTarget(incoming).path.startsWith("/_test/")) {
      return send(outgoing, await options.admin(github, await readRequest(incoming)));
    }
    const entry = enter(incoming);
    try {
      const request = await readRequest(incoming);
      entry.body = request.body.toString("utf8");
      entry.operation = operationOf(request)?.kind ?? null;
      const action = faults.take(request, entry.index);
      entry.fault = action?.kind ?? null;
      if (options.latencyMs !== undefined) await wait(options.latencyMs);
      const context = { method: request.method, path: request.path, body: entry.body, index: entry.index };
      entry.status = await perform(action, context, () => answer(world, request, entry.inFlight), outgoing);
    } finally {
      inFlight -= 1;
    }
  }

  const server = createServer((incoming, outgoing) => {
    handle(incoming, outgoing).catch((error: unknown) => {
      // A caller that went away is no defect; anything else is one of this server's, and must be seen.
      if (incoming.destroyed || outgoing.destroyed) return outgoing.destroy();
      const detail = error instanceof Error ? error.stack : String(error);
      send(outgoing, { status: 500, body: { message: `The tests' GitHub failed: ${detail}` } });
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;

  const github: TestGitHub = {
    url,
    graphqlUrl: `${url}/graphql`,
    requests,
    get maxInFlight() {
      return maxInFlight;
    },
    reset() {
      requests.length = 0;
      maxInFlight = inFlight;
    },
    repository(fullName = DEFAULT_REPOSITORY) {
      const found = world.repositories.get(fullName.toLowerCase());
      if (found === undefined) throw new Error(`the tests' GitHub has no repository ${fullName}`);
      return createHandle(found, world.now);
    },
    get repositories() {
      return [...world.repositories.values()].map(({ fullName }) => fullName);
    },
    async addRepository(setup) {
      const made = await createRepository(setup, world.repositories.size + 1, world.now());
      world.repositories.set(setup.fullName.toLowerCase(), made);
      return createHandle(made, world.now);
    },
    addToken: (setup) => void world.tokens.push(createToken(setup)),
    revokeToken(token) {
      const at = world.tokens.findIndex((known) => known.token === token);
      if (at >= 0) world.tokens.splice(at, 1);
    },
    faults,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
  return github;
}
