// Protection of a server that requires no key from pages of other sites.
import { HttpProblem } from "../problem/problem.ts";

/** The names that programs on this machine use for it. Any other name in `Host` is DNS rebinding, or a foreign proxy. */
const LOOPBACK_NAMES = ["localhost", "127.0.0.1", "[::1]"] as const;
const HTTP_PORT = 80;

/** Whether an address to listen on reaches no further than this machine. */
export function isLoopback(host: string): boolean {
  return (
    host === "localhost" || host === "::1" || host === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(host)
  );
}

/** The values of a `Host` header that name this machine and that port. */
export function ownHosts(port: number): readonly string[] {
  return LOOPBACK_NAMES.flatMap((name) => [
    `${name}:${port}`,
    ...(port === HTTP_PORT ? [name] : []),
  ]);
}

/**
 * Refuses requests that a page of another site could have made a browser send: those with a foreign
 * `Host` (DNS rebinding) and those with a foreign `Origin`.
 * @throws `HttpProblem` 403
 */
export function requireOwnOrigin(request: Request, port: number): void {
  const hosts = ownHosts(port);
  const host = request.headers.get("host");
  if (host === null || !hosts.includes(host.toLowerCase())) {
    throw new HttpProblem(403, "the Host header does not name this server", {
      code: "foreign-host",
      hint: `Call it as http://localhost:${port} or http://127.0.0.1:${port}.`,
    });
  }
  const origin = request.headers.get("origin");
  if (origin === null || hosts.some((own) => origin.toLowerCase() === `http://${own}`)) return;
  throw new HttpProblem(403, "the request comes from a page of another site", {
    code: "foreign-origin",
    hint: "A server without keys answers only programs on this machine and its own pages.",
  });
}
