// The HTTP routes as a Markdown table, from the handlers' own definitions.
import * as z from "zod";
import type { Endpoint } from "../src/http/endpoint.ts";
import { markdownTable } from "./table.ts";

/** Required fields are bold. */
export function routeTable(routes: readonly Endpoint[]): string {
  return markdownTable(
    ["Route", "Scope", "Takes", "What it does"],
    routes.map(({ method, path, scope, input, summary }) => [
      `\`${method} ${path}\``,
      scope === null ? "none" : `\`${scope}\``,
      fields(input, path, method === "GET" ? "?" : ""),
      summary,
    ]),
  );
}

function fields(input: z.ZodType, path: string, mark: string): string {
  const { properties = {}, required = [] } = z.toJSONSchema(input, {
    io: "input",
    unrepresentable: "any",
  });
  const inQuery = Object.keys(properties).filter((name) => !path.includes(`:${name}`));
  const names = inQuery.map((name) =>
    required.includes(name) ? `**\`${mark}${name}\`**` : `\`${mark}${name}\``,
  );
  return names.join(" ") || "nothing";
}
