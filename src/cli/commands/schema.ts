// `schema`: the JSON Schema of token_config.json.
import type { Command } from "commander";
import { EXIT } from "../session/exit-codes.ts";
import type { Start } from "../session/session.ts";

export function addSchema(program: Command, start: Start): void {
  program
    .command("schema")
    .description("print the JSON Schema of token_config.json, for editors and checks")
    .action(() =>
      start(async (session) => {
        const { jsonSchemaText } = await import("../../core/config/json-schema.ts");
        session.line(jsonSchemaText().trimEnd());
        return EXIT.done;
      }),
    );
}
