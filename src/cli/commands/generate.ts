// `generate`: a new value on stdout, and no other output.
import { type Command, Option } from "commander";
import { Misconfigured } from "../../core/base/errors.ts";
import { seenName } from "../../core/base/showable.ts";
import { fingerprint } from "../../core/credentials/fingerprint.ts";
import { makeValue } from "../../core/credentials/generate.ts";
import { didYouMean } from "../../core/model/names.ts";
import {
  KEY_ALGORITHMS,
  KEY_FORMATS,
  MAX_VALUE_BYTES,
  RSA_SIZES,
  TOKEN_TYPES,
  type TokenType,
} from "../../core/model/schema.ts";
import { wholeNumber } from "../session/arguments.ts";
import { EXIT } from "../session/exit-codes.ts";
import type { Session, Start } from "../session/session.ts";

type GenerateOptions = {
  readonly length?: number;
  readonly prefix?: string;
  readonly includeSpecial?: boolean;
  readonly algorithm?: (typeof KEY_ALGORITHMS)[number];
  readonly bits?: string;
  readonly format?: (typeof KEY_FORMATS)[number];
};

export function addGenerate(program: Command, start: Start): void {
  program
    .command("generate")
    .description(
      "print a new value, and nothing else, on stdout (of a key_pair the private key); nothing is recorded",
    )
    .argument("[type]", TOKEN_TYPES.join(", "), "api_key")
    .addOption(
      new Option("--length <n>", "characters in all, prefix included").argParser(
        wholeNumber(1, MAX_VALUE_BYTES),
      ),
    )
    .option("--prefix <text>", "what the value begins with")
    .option("--include-special", "use punctuation beside letters and digits")
    .option("--no-include-special", "use letters and digits only")
    .addOption(
      new Option("--algorithm <name>", "of a key_pair (default: ed25519)").choices(KEY_ALGORITHMS),
    )
    .addOption(
      new Option("--bits <n>", "of an RSA key (default: 3072)").choices(RSA_SIZES.map(String)),
    )
    .addOption(
      new Option("--format <name>", "of a key_pair's private key (default: pem)").choices(
        KEY_FORMATS,
      ),
    )
    .action((type: string, options: GenerateOptions) =>
      start((session) => generate(session, type, options)),
    );
}

async function generate(
  session: Session,
  typed: string,
  options: GenerateOptions,
): Promise<number> {
  const type = tokenType(typed);
  const {
    length: asked = null,
    prefix: begins = null,
    includeSpecial = null,
    algorithm = null,
    format = null,
  } = options;
  const bits = options.bits === undefined ? null : Number(options.bits);
  const made = await makeValue(
    { type, length: asked, prefix: begins, includeSpecial },
    { algorithm, bits, format },
  );
  for (const warning of made.warnings) session.warn(warning);
  if (!session.common.json) {
    // A key's last line break is part of it. The public half comes with --json, or from the private one.
    session.line(made.value.reveal().replace(/\n$/, ""));
    return EXIT.done;
  }
  const { value, length, prefix, entropyBits, warnings, publicKey } = made;
  const print = fingerprint(value, { entropyBits, key: session.environment.fingerprintKey });
  session.result(
    // The command's purpose is to show it.
    {
      token: value.reveal(),
      type,
      length,
      prefix,
      fingerprint: print,
      entropy_bits: entropyBits,
      issued: false,
      warnings,
      ...(publicKey === null ? {} : { public_key: publicKey }),
    },
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
