// A server on a port of this machine. It runs the same handlers as hosts do, in one process.
import { createServer, type Server, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { getRequestListener, RequestError } from "@hono/node-server";
import type { ComposeOptions } from "../../compose/compose.ts";
import { type Failure, Misconfigured } from "../../core/base/errors.ts";
import type { Access, ApiKey, WorkflowTrust } from "../access/caller.ts";
import type { Edge } from "../access/edge.ts";
import { serverEdge } from "../access/open-edge.ts";
import { isLoopback, ownHosts } from "../access/origin.ts";
import { DEFAULT_POINTS_PER_MINUTE } from "../access/rate-limit.ts";
import type { Endpoint } from "../endpoint.ts";
import {
  describeUnexpected,
  errorResponse,
  HttpProblem,
  problemResponse,
} from "../problem/problem.ts";
import { createRouter } from "./router.ts";
import { type SharedAnswers, shareAnswers } from "./share-answers.ts";

const DEFAULT_PORT = 5000;
const DEFAULT_HOST = "127.0.0.1";
/** How long a stop waits for requests in progress, in milliseconds. A rotation of a hundred secrets fits. */
const GRACE_MS = 30_000;

export type ServeOptions = {
  readonly compose: ComposeOptions;
  readonly host?: string;
  /** 0: any free port. */
  readonly port?: number;
  /** Required if `host` reaches beyond this machine. Without any key, every request there is refused. */
  readonly apiKeys?: readonly ApiKey[];
  /** Workflows that are let in if keys are needed (default: none). */
  readonly workflows?: WorkflowTrust | null;
  /** Points a minute for each caller, if keys are needed. Null: no limit. */
  readonly pointsPerMinute?: number | null;
  /** Sites whose pages may call, if keys are needed. */
  readonly origins?: readonly string[];
  /** Whether callers without a key may see in one word how all tokens are. */
  readonly publicBadge?: boolean;
  /** The address at which callers reach the server, if the requests do not name it, as behind a proxy. */
  readonly publicUrl?: string | null;
  /** Receives lines for the operator of the server (default: stderr). */
  readonly complain?: (line: string) => void;
  readonly graceMs?: number;
};

export type RunningServer = {
  readonly url: string;
  readonly port: number;
  /** Accepts no more requests, and waits for those in progress, but no longer than the grace. */
  close(): Promise<void>;
};

/** Throws `Misconfigured` if the server cannot listen on the address: in use, not allowed, or not this machine's. */
export async function serveRoutes(
  routes: readonly Endpoint[],
  options: ServeOptions,
): Promise<RunningServer> {
  const {
    host = DEFAULT_HOST,
    port = DEFAULT_PORT,
    complain = (line: string) => console.error(line),
  } = options;
  const apiKeys = options.apiKeys ?? [];
  const inFlight = new Set<Promise<Response>>();
  let closing = false;
  let edge: Edge | null = null;
  const world = () => {
    const access = accessFor(host, portOf(server), {
      keys: apiKeys,
      workflows: options.workflows ?? null,
    });
    const {
      compose,
      publicUrl = null,
      origins = [],
      pointsPerMinute = DEFAULT_POINTS_PER_MINUTE,
      publicBadge = false,
    } = options;
    edge ??= serverEdge({
      compose,
      access,
      complain,
      publicUrl,
      origins,
      pointsPerMinute,
      publicBadge,
    });
    return edge;
  };
  const router = createRouter(routes, world);
  const answer = async (request: Request) => {
    const answered = Promise.resolve(router.fetch(request)).catch((error: unknown) =>
      errorResponse(error, world()),
    );
    inFlight.add(answered);
    const response = await answered.finally(() => inFlight.delete(answered));
    if (closing) response.headers.set("connection", "close");
    return response;
  };
  const listener = getRequestListener(answer, {
    overrideGlobalObjects: false,
    errorHandler: (error) => errorResponse(toProblem(error), world()),
  });
  // If there are keys, each request counts against its caller's budget, so each is answered by itself.
  let shared: SharedAnswers | null = null;
  // The listener answers a request without a Host, in the same form as every other mistake.
  const server = createServer({ requireHostHeader: false }, (incoming, outgoing) => {
    if (!shared?.take(incoming, outgoing)) void listener(incoming, outgoing);
  });
  // Node would answer an unknown expectation with an empty 417. A server may ignore it (RFC 9110, 10.1.1).
  server.on("checkExpectation", (incoming, outgoing) => void listener(incoming, outgoing));
  server.on("clientError", refuseUnparsed);
  await listen(server, host, port);
  if (!isLoopback(host) && apiKeys.length === 0 && !options.workflows) {
    complain(
      `${host} reaches beyond this machine and no API key is configured, so every request will be refused`,
    );
  }
  server.on("error", (error) =>
    complain(`the server cannot take a connection: ${describeUnexpected(error)}`),
  );
  const bound = portOf(server);
  if (isLoopback(host)) shared = shareAnswers(ownHosts(bound), answer);
  return {
    url: `http://${host.includes(":") && !host.startsWith("[") ? `[${host}]` : host}:${bound}`,
    port: bound,
    async close() {
      closing = true;
      await stop(server, inFlight, options.graceMs ?? GRACE_MS);
    },
  };
}

type Callers = { readonly keys: readonly ApiKey[]; readonly workflows: WorkflowTrust | null };

function accessFor(host: string, port: number, { keys, workflows }: Callers): Access {
  return isLoopback(host)
    ? { kind: "loopback", port }
    : { kind: "keys", keys: () => keys, workflows: () => workflows };
}

/** A request that the adapter could not read: its `Host` is missing or malformed. */
function toProblem(error: unknown): unknown {
  if (!(error instanceof RequestError)) return error;
  return new HttpProblem(400, "the request names no host, or a malformed one", {
    code: "request-malformed",
  });
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (error: Error) => reject(cannotListen(error, host, port));
    server.once("error", refuse);
    server.listen(port, host.replace(/^\[|\]$/g, ""), () => {
      server.off("error", refuse);
      resolve();
    });
  });
}

function cannotListen(error: NodeJS.ErrnoException, host: string, port: number): Failure {
  const where = `${host}:${port}`;
  if (error.code === "EADDRINUSE") {
    return new Misconfigured(`${where} is in use by another program`, {
      code: "port-in-use",
      hint: "Stop that program, or choose another port with --port (0 takes any free port).",
      cause: error,
    });
  }
  const hint =
    error.code === "EACCES"
      ? "Ports below 1024 need more rights. Choose a higher one with --port."
      : "Name an address of this machine with --host.";
  return new Misconfigured(`cannot listen on ${where} (${error.code ?? error.name})`, {
    code: "cannot-listen",
    hint,
    cause: error,
  });
}

async function stop(
  server: Server,
  inFlight: ReadonlySet<Promise<Response>>,
  graceMs: number,
): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  let timer: NodeJS.Timeout | undefined;
  const grace = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, graceMs);
  });
  // A rotation goes on even if its caller hung up, so connections alone do not show whether work is left.
  await Promise.race([Promise.all([closed, Promise.allSettled(inFlight)]), grace]);
  clearTimeout(timer);
  server.closeAllConnections();
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return address.port;
}

/** Statuses by the error's code, as Node's own server answers. All other codes are 400. */
const STATUS_OF: ReadonlyMap<string | undefined, readonly [status: number, detail: string]> =
  new Map([
    ["HPE_HEADER_OVERFLOW", [431, "the request's headers are too large"]],
    ["HPE_CHUNK_EXTENSIONS_OVERFLOW", [413, "the body's chunk extensions are too large"]],
    ["ERR_HTTP_REQUEST_TIMEOUT", [408, "the request did not arrive in time"]],
  ]);

/** Answers a request that Node's parser refused (`clientError`), and closes the connection. */
function refuseUnparsed(error: NodeJS.ErrnoException, socket: Duplex): void {
  // A caller that hung up, or that is receiving an answer, cannot get another one.
  if (
    error.code === "ECONNRESET" ||
    !socket.writable ||
    ("bytesWritten" in socket && Number(socket.bytesWritten) > 0)
  ) {
    socket.destroy();
    return;
  }
  const [status, detail] = STATUS_OF.get(error.code) ?? [
    400,
    "the request is not HTTP as this server reads it",
  ];
  const response = problemResponse(new HttpProblem(status, detail, { code: "request-malformed" }));
  void response.text().then((body) => {
    const headers = [
      ...response.headers,
      ["content-length", String(Buffer.byteLength(body))],
      ["connection", "close"],
    ];
    const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Error"}\r\n${lines}\r\n${body}`);
  });
}
