// `discover` and `adopt`: existing secrets, beside the declared ones.
import type { Command } from "commander";
import type { Adoption } from "../../core/discovery/adopt.ts";
import { discoveryText } from "../render/discovery.ts";
import { commitText } from "../render/report.ts";
import { plain } from "../render/text.ts";
import { requireNames } from "../session/arguments.ts";
import { connect } from "../session/connect.ts";
import { EXIT } from "../session/exit-codes.ts";
import { type Session, type Start, triggeredBy } from "../session/session.ts";

type AdoptOptions = { readonly at: readonly string[]; readonly everywhere: boolean };

export function addDiscover(program: Command, start: Start): void {
  program
    .command("discover")
    .description(
      "list the secrets that exist in the repository, its environments and its organization beside the declared ones; changes nothing",
    )
    .action(() =>
      start(async (session) => {
        const { app } = await connect(session, "read");
        const discovery = await app.discover();
        session.result(discovery, () => discoveryText(discovery, session.colors));
        return EXIT.done;
      }),
    );
}

export function addAdopt(program: Command, start: Start): void {
  program
    .command("adopt")
    .description(
      "declare a secret that exists already, without rotating it; a person supplies its next value",
    )
    .argument("<name>", "the secret's name")
    .option(
      "--at <id>",
      "a place that holds it, as discover names it; repeat for each place",
      (id: string, ids: readonly string[]) => [...ids, id],
      [],
    )
    .option("--everywhere", "every place that has the name, if all hold the same value", false)
    .action((name: string, options: AdoptOptions) =>
      start((session) => adopt(session, name, options)),
    );
}

async function adopt(
  session: Session,
  name: string,
  { at, everywhere }: AdoptOptions,
): Promise<number> {
  requireNames([name]);
  const { app } = await connect(session, "change");
  const adoption = await app.adopt({
    tokenName: name,
    at,
    everywhere,
    triggeredBy: triggeredBy(session),
  });
  session.result(adoption, () => adoptionText(adoption, session));
  return EXIT.done;
}

function adoptionText({ token_name, destinations, commit }: Adoption, { common }: Session): string {
  const name = plain(token_name);
  return [
    `${name} is declared as found, and was not rotated: ${destinations.map(plain).join(", ")}.`,
    `The run cannot make its next value. Supply it with \`token-automation rotate ${name} --value-stdin\`.`,
    commitText(commit, common.config),
  ].join("\n");
}
