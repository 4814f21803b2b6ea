// Every route of the API, for the hosts that serve all of them from one place.
import type { Endpoint } from "../../src/http/endpoint.ts";
import mcp from "../mcp.ts";
import openapi from "../openapi.ts";
import { OPERATIONS } from "./operations.ts";

export const ROUTES: readonly Endpoint[] = [...OPERATIONS, openapi, mcp];
