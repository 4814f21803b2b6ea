// The starting files of a CLI command that reads the record and prints a line or JSON.
import { type NewPart, spellings } from "./plan.ts";

/** @param name as people type it: `list-tokens` */
export function newCommand(name: string): NewPart {
  const { file, pascal } = spellings(name);
  const path = `src/cli/commands/${file}.ts`;
  return {
    files: { [path]: command(name), [`src/cli/commands/${file}.test.ts`]: test(name) },
    insertions: [
      {
        path: "src/cli/program.ts",
        at: 'import { repository } from "./session/arguments.ts";\n',
        side: "before",
        text: `import { add${pascal} } from "./commands/${file}.ts";\n`,
      },
      {
        path: "src/cli/program.ts",
        at: '{ title: "Look:", families: [',
        side: "after",
        text: `add${pascal}, `,
      },
      {
        path: "test/house.ts",
        at: /"src\/cli\/commands":\s+"/,
        side: "after",
        text: `${file} `,
      },
    ],
    next: [
      `Write what it does in ${path}, with its description and options. It counts the declared tokens now, and its test says so.`,
      "If it changes something, connect with the purpose `change`, and call an operation of src/core/app.ts.",
      "Move the text that people read to src/cli/render/, if it is more than a line.",
      "Run `npm run generate` again after each change of its options, since docs/cli.md comes from them.",
    ],
  };
}

function command(name: string): string {
  const { pascal } = spellings(name);
  return `// \`${name}\`: how many tokens are declared.
import type { Command } from "commander";
import { connect } from "../session/connect.ts";
import { EXIT } from "../session/exit-codes.ts";
import type { Session, Start } from "../session/session.ts";

export function add${pascal}(program: Command, start: Start): void {
  program
    .command("${name}")
    .description("show how many tokens are declared")
    .action(() => start(show));
}

async function show(session: Session): Promise<number> {
  const { app } = await connect(session, "read");
  const { total_tokens: count } = await app.health();
  session.result({ count }, () => \`\${count} \${count === 1 ? "token is" : "tokens are"} declared.\`);
  return EXIT.done;
}
`;
}

function test(name: string): string {
  return `// \`${name}\` as people run it.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runInProcess } from "../../../test/cli.ts";
import { useFolders } from "../../../test/folders.ts";

const NOW = new Date("2027-03-01T12:00:00Z");
const folders = useFolders();

test("${name} says how many tokens are declared, as a line or as JSON", async () => {
  const directory = await folders.folder();
  const config = { version: 1, tokens: { API_KEY: {}, SESSION_KEY: {} } };
  await writeFile(join(directory, "token_config.json"), JSON.stringify(config));
  const run = (...args: string[]) => runInProcess(args, { directory, now: () => NOW });
  expect(await run("${name}")).toEqual({
    code: 0,
    stdout: "2 tokens are declared.\\n",
    stderr: "",
  });
  expect(JSON.parse((await run("--json", "${name}")).stdout)).toEqual({ count: 2 });
});
`;
}
