// The generated parts of hand-written pages: the text between `<!-- generated:NAME -->` and `<!-- /generated:NAME -->`.
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { parse } from "yaml";
import { ROUTES } from "../functions/hosts/routes.ts";
import { rotationWorkflow } from "../src/cli/commands/starter.ts";
import { buildProgram } from "../src/cli/program.ts";
import { processIo } from "../src/cli/session/io.ts";
import { jsonSchema } from "../src/core/config/json-schema.ts";
import { STAGES } from "../src/core/rotation/state.ts";
import { cliReference } from "./cli-reference.ts";
import { keyTables } from "./key-tables.ts";
import { routeTable } from "./route-table.ts";
import { markdownTable } from "./table.ts";

type Interface = {
  readonly inputs: Readonly<
    Record<
      string,
      { readonly description: string; readonly required?: boolean; readonly default?: string }
    >
  >;
  readonly outputs: Readonly<Record<string, { readonly description: string }>>;
};

/** Each block's content by the name in its markers. */
const BLOCKS: Readonly<Record<string, () => string>> = {
  workflow: () => `\`\`\`yaml\n${rotationWorkflow("token_config.json")}\`\`\``,
  "action-inputs": () =>
    markdownTable(
      ["Input", "Default", "Meaning"],
      Object.entries(actionInterface().inputs).map(([name, input]) => [
        `\`${name}\``,
        shownDefault(input),
        input.description,
      ]),
    ),
  "action-outputs": () =>
    markdownTable(
      ["Output", "Meaning"],
      Object.entries(actionInterface().outputs).map(([name, { description }]) => [
        `\`${name}\``,
        description,
      ]),
    ),
  "config-keys": () => keyTables(jsonSchema()),
  stages: () =>
    markdownTable(
      ["Stage", "What it means", "What is done in it", "Events it takes"],
      Object.entries(STAGES).map(([stage, { meaning, effect, takes }]) => [
        `\`${stage}\``,
        meaning,
        effect === "none" ? "nothing" : effect,
        takes.map((event) => `\`${event}\``).join(" "),
      ]),
    ),
  commands: () => cliReference(program()),
  routes: () => routeTable(ROUTES),
};

/**
 * The page with every block up to date. The text around them stays as it is.
 * @throws Error for a marker without its counterpart, or with a name that no block has
 */
export function fillBlocks(page: string): string {
  const filled = page.replace(
    /<!-- generated:(\S+) -->\n[\s\S]*?<!-- \/generated:\1 -->/g,
    (_block, name: string) =>
      `<!-- generated:${name} -->\n${blockOf(name)}\n<!-- /generated:${name} -->`,
  );
  const markers = [...page.matchAll(/<!-- (\/?)generated:(\S+) -->/g)];
  const unpaired = markers.filter(
    ([, end, name], index) => markers[index + (end ? -1 : 1)]?.[2] !== name,
  );
  if (unpaired.length > 0)
    throw new Error(
      `a marker without its counterpart: ${unpaired.map(([marker]) => marker).join(", ")}`,
    );
  return filled;
}

function blockOf(name: string): string {
  const block = BLOCKS[name];
  if (block === undefined)
    throw new Error(`no block is called ${name}. There are ${Object.keys(BLOCKS).join(", ")}`);
  return block();
}

function actionInterface(): Interface {
  return parse(readFileSync(new URL("../action.yml", import.meta.url), "utf8"));
}

function shownDefault(input: Interface["inputs"][string]): string {
  if (input.required) return "**required**";
  return input.default === undefined ? "" : `\`${input.default}\``;
}

/** The CLI's own program, built to be read and never run. */
function program(): Command {
  return buildProgram({
    io: processIo(),
    run: () => Promise.reject(new Error("no command is run here")),
  });
}
