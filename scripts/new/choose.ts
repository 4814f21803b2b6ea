// The arguments of `npm run new`, and the names that it accepts.
import type { Command } from "commander";
import { buildProgram } from "../../src/cli/program.ts";
import { processIo } from "../../src/cli/session/io.ts";
import { DESTINATIONS, ISSUERS } from "../../src/core/model/schema.ts";
import { newCommand } from "./command.ts";
import { newDestination } from "./destination.ts";
import { newIssuer } from "./issuer.ts";
import { type NewPart, Refused } from "./plan.ts";

type Kind = {
  readonly pattern: RegExp;
  /** The form of a valid name. */
  readonly example: string;
  readonly taken: () => readonly string[];
  readonly part: (name: string) => NewPart;
};

/** The longest name, in characters. */
const MAX_NAME = 40;
const SNAKE = /^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/;
const KEBAB = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;
const USAGE = "Usage: npm run new issuer|destination|command NAME";

const KINDS: Readonly<Record<string, Kind>> = {
  issuer: { pattern: SNAKE, example: "acme_keys", taken: () => ISSUERS, part: newIssuer },
  destination: {
    pattern: SNAKE,
    example: "acme_store",
    taken: () => DESTINATIONS,
    part: newDestination,
  },
  command: { pattern: KEBAB, example: "list-tokens", taken: commandNames, part: newCommand },
};

function commandNames(): string[] {
  const program = buildProgram({ io: processIo(), run: async () => undefined });
  const names = ({ commands }: Command) =>
    commands.flatMap((command) => [command.name(), ...command.aliases()]);
  return ["help", ...names(program)];
}

/** The part that those arguments ask for. Throws `Refused`. */
export function choosePart([kindName = "", name = "", ...more]: readonly string[]) {
  const kind = Object.hasOwn(KINDS, kindName) ? KINDS[kindName] : undefined;
  if (kind === undefined || name === "" || more.length > 0) throw new Refused(USAGE);
  if (!kind.pattern.test(name) || name.length > MAX_NAME)
    throw new Refused(
      `${JSON.stringify(name)} is not a name for a new ${kindName}. Use small letters and digits, as in ${kind.example}`,
    );
  if (kind.taken().includes(name)) throw new Refused(`the ${kindName} ${name} exists already`);
  return { kindName, name, part: kind.part(name) };
}
