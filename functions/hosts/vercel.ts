// Vercel as the host: one function for every path, with the fetch of the web.
import { handle } from "hono/vercel";
import { hostRouter } from "../../src/http/server/router.ts";
import { ROUTES } from "./routes.ts";

export default { fetch: handle(hostRouter(ROUTES, () => process.env)) };
