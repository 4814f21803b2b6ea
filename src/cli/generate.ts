// `generate`: a new value on stdout, and nothing else.
import { type Command, Option } from "commander";
import { Misconfigured } from "../errors.ts";
import { fingerprint } from "../fingerprint.ts";
import { generateValue } from "../generate.ts";
import { didYouMean } from "../names.ts";
import { MAX_VALUE_BYTES, TOKEN_TYPES, type TokenType } from "../schema.ts";
import { seenName } from "../seen.ts";
import { wholeNumber } from "./arguments.ts";
import { EXIT } from "./exit-codes.ts";
import type { Start } from "./program.ts";
import type { Session } from "./session.ts";

type GenerateOptions = { readonly length?: number; readonly prefix?: string; readonly includeSpecial?: boolean };

export function addGenerate(program: Command, start: Start): void {
  program
    .command("generate")
    .description("print a new value, and nothing else, on stdout; nothing is recorded")
    .argument("[type]", TOKEN_TYPES.join(", "), "api_key")
    .addOption(new Option("--length <n>", "characters in all, prefix included").argParser(wholeNumber(1, MAX_VALUE_BYTES)))
    .option("--prefix <text>", "what the value begins with")
    .option("--include-special", "use punctuation beside letters and digits")
    .option("--no-include-special", "use letters and digits only")
    .action((type: string, options: GenerateOptions) => start((session) => generate(session, type, options)));
}

async function generate(session: Session, typed: string, options: GenerateOptions): Promise<number> {
  const type = tokenType(typed);
  const made = generateValue({
    type,
    length: options.length ?? null,
    prefix: options.prefix ?? null,
    includeSpecial: options.includeSpecial ?? null,
  });
  for (const warning of made.warnings) session.warn(warning);
  if (!session.common.json) {
    session.line(made.value.reveal());
    return EXIT.done;
  }
  const { value, length, prefix, entropyBits, warnings } = made;
  const print = fingerprint(value, { entropyBits, key: session.environment.fingerprintKey });
  session.result(
    // The command's purpose is to show it.
    { token: value.reveal(), type, length, prefix, fingerprint: print, entropy_bits: entropyBits, issued: false, warnings },
    () => "",
  );
  return EXIT.done;
}

function tokenType(typed: string): TokenType {
  const type = TOKEN_TYPES.find((known) => known === typed);
  if (type !== undefined) return type;
  const meant = didYouMean(typed, TOKEN_TYPES);
  throw new Misconfigured(`${seenName(typed)} is not a type of token`, {
    code: "unknown-type",
    hint: `${meant === null ? "" : `${meant} `}There are ${TOKEN_TYPES.join(", ")}.`,
  });
}
