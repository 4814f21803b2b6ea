// Deno as the host: `deno serve` on a machine, or Deno Deploy.
import { hostRouter } from "../../src/http/server/router.ts";
import { ROUTES } from "./routes.ts";

export default { fetch: hostRouter(ROUTES, () => process.env).fetch };
