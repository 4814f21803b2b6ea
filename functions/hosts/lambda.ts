// AWS Lambda as the host, behind a function URL or an API Gateway.
import { handle } from "hono/aws-lambda";
import { hostRouter } from "../../src/http/server/router.ts";
import { ROUTES } from "./routes.ts";

export const handler = handle(hostRouter(ROUTES, () => process.env));
