// Cloudflare Workers as the host: variables and secrets come with each request.
import { hostRouter } from "../../src/http/server/router.ts";
import { ROUTES } from "./routes.ts";

export default hostRouter(ROUTES);
