// Node as the host: every route in one process on this machine. A folder below functions/, so that Netlify does not take it for a function.
import { type RunningServer, type ServeOptions, serveRoutes } from "../../src/http/server/serve.ts";

/**
 * Serves the API on this machine (default: 127.0.0.1:5000).
 * @throws `Misconfigured` if the address cannot be listened on
 */
export async function startServer(options: ServeOptions): Promise<RunningServer> {
  const { ROUTES } = await import("./routes.ts");
  return serveRoutes(ROUTES, options);
}
