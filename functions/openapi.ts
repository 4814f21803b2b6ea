// GET /openapi.json: the API for agents, as OpenAPI 3.1. Needs no key and shows nothing of the record.
import * as z from "zod";
import { type Endpoint, endpoint, ok } from "../src/http/endpoint.ts";

export const config = { path: "/openapi.json" };

const openapi: Endpoint = endpoint({
  method: "GET",
  path: config.path,
  summary: "The description of the API for agents, as OpenAPI 3.1",
  scope: null,
  // Importers add anything they like to the query, to get round caches.
  input: z.looseObject({}),
  async handle({ origin }) {
    const { openApiDocument } = await import("../src/http/openapi/openapi.ts");
    const { OPERATIONS } = await import("./hosts/operations.ts");
    const { default: mcp } = await import("./mcp.ts");
    return ok(openApiDocument([...OPERATIONS, openapi, mcp], origin()));
  },
});

export default openapi;
