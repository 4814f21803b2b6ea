// Cloudflare Workers as the host: variables and secrets come with each request.
import { hostRouter } from "../../src/http/router.ts";
import { ROUTES } from "./routes.ts";

export default hostRouter(ROUTES);
