// The CLI's commands as Markdown, from the definitions that parse them.
import type { Command, Option } from "commander";
import { markdownTable } from "./table.ts";

/** Options of all commands, then one section per command. Subcommands replace their parent. */
export function cliReference(program: Command): string {
  const common = ["## Options of every command", optionTable(program.options)];
  return [
    ...common,
    ...program.commands.flatMap((command) => sections(command, program.name())),
  ].join("\n\n");
}

function sections(command: Command, parents: string): string[] {
  const name = `${parents} ${command.name()}`;
  if (command.commands.length > 0)
    return command.commands.flatMap((child) => sections(child, name));
  const usage = `\`\`\`\n${name} ${command.usage()}\n\`\`\``;
  const args = command.registeredArguments.map((argument) => [
    `\`${argument.name()}\``,
    [
      argument.description,
      argument.defaultValue === undefined ? "" : `Default: \`${argument.defaultValue}\`.`,
    ]
      .filter(Boolean)
      .join(". "),
  ]);
  const parts = [`## ${name.replace(/^\S+ /, "")}`, sentence(command.description()), usage];
  if (args.length > 0) parts.push(markdownTable(["Argument", "Meaning"], args));
  const options = command.options.filter((option) => !option.hidden);
  if (options.length > 0) parts.push(optionTable(options));
  return parts;
}

function optionTable(options: readonly Option[]): string {
  return markdownTable(
    ["Option", "Default", "Meaning"],
    options.map((option) => [`\`${option.flags}\``, shownDefault(option), meaning(option)]),
  );
}

/** A switch that is off by default needs no words for it. */
function shownDefault({ defaultValue, negate }: Option): string {
  return defaultValue === undefined ||
    defaultValue === false ||
    negate ||
    String(defaultValue) === ""
    ? ""
    : `\`${defaultValue}\``;
}

function meaning({ description, argChoices }: Option): string {
  return argChoices === undefined
    ? description
    : `${description}: ${argChoices.map((choice) => `\`${choice}\``).join(", ")}`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
