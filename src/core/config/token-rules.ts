// Rules for declared tokens that the schema cannot express: names, fields, and values that can be made.

import { Misconfigured } from "../base/errors.ts";
import { looksLikeSecret, seenName } from "../base/showable.ts";
import { checkRequest } from "../credentials/generate.ts";
import { checkSecretName, type NameKind } from "../model/names.ts";
import { ALL_TOKENS, fieldsOf, type TokenConfig, type TokenDeclaration } from "../model/schema.ts";
import { defaultDestinations, type Home, isLocal, VALUE_FIELD } from "../model/token.ts";
import {
  checkDestinations,
  checkFileFormats,
  checkPlacements,
  checkRepositories,
} from "./destination-rules.ts";
import { type Mistake, partName, valueAsName } from "./mistake.ts";
import type { Path } from "./positions.ts";
import type { Doubts } from "./prune.ts";
import { checkRequests } from "./request-rules.ts";

/** What a value is made from. If one of these is in doubt, it is unknown whether the value can be made. */
const MAKING = ["type", "length", "prefix", "include_special", "issuer"];

/** The issuer of a token that names none: what it can make is known here. */
const DEFAULT_ISSUER = "generate";
/** The issuers that draw values at random, as the token's type, length and prefix say. */
const DRAWING: readonly string[] = [DEFAULT_ISSUER, "postgres", "mysql", "redis"];

/** Everything that is wrong with the declared tokens, one by one and together, but for what is in doubt. */
export function checkTokens(config: TokenConfig, home: Home, doubts: Doubts): Mistake[] {
  const tokens = Object.entries(config.tokens ?? {});
  const isPlaced = (name: string) => doubts.tokens.get(name)?.has("destinations") !== true;
  const single = tokens.flatMap(([name, token]) => [
    ...(isPlaced(name)
      ? checkNames(name, token, home)
      : checkName(name, "vault", { path: ["tokens", name], on: "key" })),
    ...(isPlaced(name) ? checkFields(name, token) : []),
    ...checkRepositories(name, token, home),
    ...(MAKING.some((field) => doubts.tokens.get(name)?.has(field))
      ? []
      : checkIssuer(name, token)),
    ...(doubts.tokens.get(name)?.has("issuer") ? [] : checkRequests(name, token)),
    ...(isPlaced(name) ? checkDestinations(name, token, home) : []),
    ...(MAKING.some((field) => doubts.tokens.get(name)?.has(field))
      ? []
      : checkMakeable(name, token)),
  ]);
  const placed = Object.fromEntries(tokens.filter(([name]) => isPlaced(name)));
  return [
    ...single,
    ...checkSpellings(tokens.map(([name]) => name)),
    ...checkPlacements(config, home, isPlaced),
    ...checkFileFormats(placed),
  ];
}

function checkNames(name: string, token: TokenDeclaration, home: Home): Mistake[] {
  if (name === ALL_TOKENS) {
    const hint = "Give the token another name.";
    return [
      {
        path: ["tokens", name],
        on: "key",
        code: "reserved-name",
        message: `${ALL_TOKENS} means every token and cannot be the name of one`,
        hint,
      },
    ];
  }
  const destinations = token.destinations ?? defaultDestinations(home);
  // Where a destination gives the secret a name of its own, GitHub never sees the token's.
  const onGitHub = destinations.some(
    ({ to, secret }) => !isLocal({ kind: to }) && secret === undefined,
  );
  const own = checkName(name, onGitHub ? "actions" : "vault", {
    path: ["tokens", name],
    on: "key",
  });
  const explicit = destinations.flatMap(({ to, secret }, index) => {
    const kind: NameKind = isLocal({ kind: to }) ? "vault" : "actions";
    const path: Path = ["tokens", name, "destinations", index, "secret"];
    if (typeof secret === "string") return checkName(secret, kind, { path, on: "value" });
    return Object.keys(secret ?? {}).flatMap((each) =>
      checkName(each, kind, { path: [...path, each], on: "key" }),
    );
  });
  return [...own, ...explicit];
}

function checkName(name: string, kind: NameKind, place: Pick<Mistake, "path" | "on">): Mistake[] {
  const complaint = checkSecretName(name, kind);
  if (complaint !== null) return [{ ...place, ...complaint }];
  return looksLikeSecret(name) ? [valueAsName(name, place)] : [];
}

/** A map from secrets to the credential's fields: it must name some, and fields that there will be. */
function checkFields(name: string, { destinations, issuer, type }: TokenDeclaration): Mistake[] {
  if (destinations === undefined)
    return checkDefaultField(name, { issuer, type }, ["tokens", name, "issuer"]);
  return destinations.flatMap(({ secret }, index): Mistake[] => {
    const path: Path = ["tokens", name, "destinations", index, "secret"];
    if (typeof secret !== "object")
      return checkDefaultField(name, { issuer, type }, path.slice(0, -1));
    if (Object.keys(secret).length === 0) {
      const hint = "Name a secret, or leave it out to use the token's own name.";
      return [
        { path, on: "value", code: "empty", message: `${partName(path)} must not be empty`, hint },
      ];
    }
    const fields = fieldsOf(issuer ?? { use: DEFAULT_ISSUER }, type);
    if (fields === null) return [];
    const unknown = Object.entries(secret).filter(
      ([, field]) => field !== "" && !fields.includes(field),
    );
    return unknown.map(([each, field]) => {
      const message = `${partName(path)} asks for the field ${seenName(field)}, which the credential will not have`;
      return {
        path: [...path, each],
        on: "value",
        code: "unknown-field",
        message,
        hint: fieldsHint(fields),
      };
    });
  });
}

/** Where no map says which field a secret gets, it gets the one that most credentials have. */
function checkDefaultField(
  name: string,
  { issuer, type }: TokenDeclaration,
  path: Path,
): Mistake[] {
  const fields = fieldsOf(issuer ?? { use: DEFAULT_ISSUER }, type);
  if (fields === null || fields.includes(VALUE_FIELD)) return [];
  const message = `a destination of the token ${seenName(name)} does not say which field of the credential it takes`;
  const hint = `Write "secret": { "NAME": "${fields[0] ?? ""}" }. ${fieldsHint(fields)}`;
  return [{ path, on: "value", code: "field-unnamed", message, hint }];
}

function fieldsHint(fields: readonly string[]): string {
  return fields.length === 1
    ? `Its only field is "${fields[0]}".`
    : `Its fields are ${fields.join(", ")}.`;
}

/** Asks the generator whether such a value can be made at all. */
function checkMakeable(
  name: string,
  { type = "api_key", length, prefix, include_special, issuer }: TokenDeclaration,
): Mistake[] {
  if (issuer !== undefined && !DRAWING.includes(issuer.use)) return [];
  const refusal = refusalOf({
    type,
    length: length ?? null,
    prefix: prefix ?? null,
    includeSpecial: include_special ?? null,
  });
  if (refusal === null) return [];
  const message = `no value can be made for the token ${seenName(name)}: ${refusal.message}`;
  return [{ path: ["tokens", name], on: "value", code: refusal.code, message, hint: refusal.hint }];
}

function refusalOf(request: Parameters<typeof checkRequest>[0]): Misconfigured | null {
  try {
    checkRequest(request);
    return null;
  } catch (error) {
    if (error instanceof Misconfigured) return error;
    throw error;
  }
}

function checkSpellings(names: readonly string[]): Mistake[] {
  const spelled = new Map<string, string>();
  return names.flatMap((name): Mistake[] => {
    const before = spelled.get(name.toUpperCase());
    if (before === undefined) {
      spelled.set(name.toUpperCase(), name);
      return [];
    }
    const message = `the tokens ${seenName(before)} and ${seenName(name)} differ only in capitals, which GitHub does not tell apart`;
    return [
      {
        path: ["tokens", name],
        on: "key",
        code: "same-name",
        message,
        hint: "Rename one of them, or remove it.",
      },
    ];
  });
}

const PAIR_OPTIONS = ["algorithm", "bits", "format", "publish"] as const;

/** Everything that is wrong between a token's type and the options of its issuer. */
function checkIssuer(name: string, { type, issuer }: TokenDeclaration): Mistake[] {
  if (issuer?.use !== "generate") return [];
  const mistakes: Mistake[] = [];
  const at = (option: string) => ["tokens", name, "issuer", option];
  if (type !== "key_pair") {
    for (const option of PAIR_OPTIONS.filter((each) => issuer[each] !== undefined)) {
      const message = `${partName(at(option))} belongs to key pairs, and this token is none`;
      mistakes.push({
        path: at(option),
        on: "key",
        code: "not-a-key-pair",
        message,
        hint: 'Add "type": "key_pair", or remove it.',
      });
    }
  } else if (issuer.bits !== undefined && issuer.algorithm !== "rsa") {
    const message = `${partName(at("bits"))} belongs to RSA keys, and this one is ${issuer.algorithm ?? "ed25519"}`;
    mistakes.push({
      path: at("bits"),
      on: "key",
      code: "not-rsa",
      message,
      hint: 'Add "algorithm": "rsa", or remove it.',
    });
  }
  return mistakes;
}
