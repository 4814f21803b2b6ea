// `api-key`: a new key for the HTTP API, shown once, and the host's entry for it.
import { type Command, Option } from "commander";
import { Misconfigured } from "../../core/base/errors.ts";
import { DAY_MS } from "../../core/base/instant.ts";
import { seenName } from "../../core/base/showable.ts";
import { digest } from "../../core/credentials/fingerprint.ts";
import { generateValue } from "../../core/credentials/generate.ts";
import { nearest } from "../../core/model/names.ts";
import { wholeNumber } from "../session/arguments.ts";
import { EXIT } from "../session/exit-codes.ts";
import type { Session, Start } from "../session/session.ts";

type ApiKeyOptions = { readonly scopes: string; readonly days?: number };

/** 43 letters and digits: 256 random bits, which cannot be guessed from a plain digest. */
const KEY = { type: "api_key", length: 46, prefix: "ta_", includeSpecial: false } as const;
const MAX_DAYS = 3650;

export function addApiKey(program: Command, start: Start): void {
  program
    .command("api-key")
    .description(
      "print a new key for the HTTP API on stdout, once, and on stderr the entry that lets it in",
    )
    .argument("<client>", "the client that gets it: the history names it as the actor")
    .option(
      "--scopes <list>",
      "what it allows, separated by commas: read, generate, rotate, admin, reveal",
      "read",
    )
    .addOption(
      new Option("--days <n>", "how long it is valid (default: for ever)").argParser(
        wholeNumber(1, MAX_DAYS),
      ),
    )
    .action((client: string, options: ApiKeyOptions) =>
      start((session) => apiKey(session, client, options)),
    );
}

async function apiKey(
  session: Session,
  client: string,
  { scopes, days }: ApiKeyOptions,
): Promise<number> {
  const { API_SCOPES } = await import("../../http/access/caller.ts");
  const { readApiKeys } = await import("../../http/access/environment.ts");
  const wanted = [...new Set(scopes.split(",").map((scope) => scope.trim()))];
  const unknown = wanted.find((scope) => !API_SCOPES.some((known) => known === scope));
  if (unknown !== undefined) {
    const [near] = nearest(unknown, API_SCOPES);
    throw new Misconfigured(`${seenName(unknown)} is not a scope`, {
      code: "unknown-scope",
      hint: near === undefined ? `There are ${API_SCOPES.join(", ")}.` : `Did you mean ${near}?`,
    });
  }
  const { value } = generateValue(KEY);
  const until =
    days === undefined
      ? {}
      : { expires_at: new Date(session.io.now().getTime() + days * DAY_MS).toISOString() };
  const entry = { id: client, sha256: digest(value.reveal()), scopes: wanted, ...until };
  // The reader of the host judges the entry here, so that a mistake shows now and not on the host.
  try {
    readApiKeys({ TOKEN_AUTOMATION_API_KEYS: JSON.stringify([entry]) });
  } catch (cause) {
    throw new Misconfigured(`${seenName(client)} cannot be a client's name`, {
      code: "client-invalid",
      hint: "Use up to 64 letters, digits, dots, dashes, underscores and @.",
      cause,
    });
  }
  session.result({ key: value.reveal(), entry }, () => value.reveal());
  session.note(
    "the key is shown only this once. Add this entry to the host's TOKEN_AUTOMATION_API_KEYS:",
  );
  session.io.stderr.write(`${JSON.stringify(entry)}\n`);
  return EXIT.done;
}
