// POST /mcp: the operations as tools of the Model Context Protocol, over streamable HTTP, without sessions.
import { messageEndpoint } from "../src/http/endpoint.ts";

export const config = { path: "/mcp" };

export default messageEndpoint({
  method: "POST",
  path: config.path,
  summary: "The same operations for agents, over the Model Context Protocol",
  scope: "read",
  async answer(request, { edge, caller }) {
    const { answerMcp } = await import("../src/mcp/http.ts");
    const { OPERATIONS } = await import("./hosts/operations.ts");
    return answerMcp(request, { routes: OPERATIONS, edge, caller });
  },
});
