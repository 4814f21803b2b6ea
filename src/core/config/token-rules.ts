// What the schema cannot say about tokens: names by destination, places that collide, values that cannot be made.

import { Misconfigured } from "../base/errors.ts";
import { looksLikeCredential, seenName } from "../base/showable.ts";
import { checkRequest } from "../credentials/generate.ts";
import { checkSecretName, type NameKind } from "../model/names.ts";
import {
  ALL_TOKENS,
  type DestinationDeclaration,
  fieldsOf,
  type TokenConfig,
  type TokenDeclaration,
} from "../model/schema.ts";
import { isSeenBeside, plainPath, scopeOf } from "../model/scope.ts";
import {
  defaultDestinations,
  type Home,
  isLocal,
  type Placement,
  resolveToken,
  VALUE_FIELD,
} from "../model/token.ts";
import { type Mistake, partName, valueAsName } from "./mistake.ts";
import type { Path } from "./positions.ts";
import type { Doubts } from "./prune.ts";
import { checkRequests } from "./request-rules.ts";

/** What a value is made from; with one of these in doubt, nobody can tell whether it can be made. */
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
  return looksLikeCredential(name) ? [valueAsName(name, place)] : [];
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

/** What a repository's secrets are called, by destination. */
const SECRETS_OF: Readonly<Record<string, string>> = {
  actions: "Actions ",
  dependabot: "Dependabot ",
  codespaces: "Codespaces ",
  agents: "agent ",
  environment: "environment ",
};

function checkRepositories(name: string, token: TokenDeclaration, home: Home): Mistake[] {
  if (home.repository !== null) return [];
  return (token.destinations ?? []).flatMap((destination, index): Mistake[] => {
    if (isLocal({ kind: destination.to }) || destination.to === "organization") return [];
    if ("repository" in destination && destination.repository !== undefined) return [];
    const message = `the token ${seenName(name)} goes to a repository's ${SECRETS_OF[destination.to] ?? ""}secrets, and nothing here says to which repository`;
    const hint =
      'Add "repository": "owner/name" to the destination, or give the git work tree an origin on GitHub.';
    return [
      {
        path: ["tokens", name, "destinations", index],
        on: "value",
        code: "no-repository",
        message,
        hint,
      },
    ];
  });
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

type Placed = { readonly token: string; readonly index: number };

function checkPlacements(
  config: TokenConfig,
  home: Home,
  isPlaced: (name: string) => boolean,
): Mistake[] {
  const places = new Map<string, Placed>();
  return Object.keys(config.tokens ?? {}).flatMap((name) => {
    if (!isPlaced(name)) return [];
    const declared = config.tokens?.[name]?.destinations !== undefined;
    return destinationsOf(config, name, home).flatMap(({ index, id }): Mistake[] => {
      const before = places.get(id);
      places.set(id, before ?? { token: name, index });
      // Spellings of one name are told by themselves.
      if (
        before === undefined ||
        (before.token !== name && before.token.toUpperCase() === name.toUpperCase())
      )
        return [];
      const both =
        before.token === name
          ? `two destinations of the token ${seenName(name)}`
          : `the tokens ${seenName(before.token)} and ${seenName(name)}`;
      const path: Path = declared ? ["tokens", name, "destinations", index] : ["tokens", name];
      const message = `${both} write the same secret, so each would overwrite the other`;
      return [
        {
          path,
          on: declared ? "value" : "key",
          code: "same-destination",
          message,
          hint: 'Give one of them another "secret", or remove it.',
        },
      ];
    });
  });
}

function destinationsOf(
  config: TokenConfig,
  name: string,
  home: Home,
): { index: number; id: string }[] {
  const token = config.tokens?.[name];
  if (token === undefined) return [];
  return (token.destinations ?? defaultDestinations(home)).flatMap((destination, index) => {
    const alone = resolveToken({ tokens: { [name]: { destinations: [destination] } } }, name, home);
    return (alone?.placements ?? []).map((placement) => ({ index, id: sameness(placement) }));
  });
}

/** GitHub tells neither repositories nor secrets apart by their capitals; the vault and files do. A folder may end in a slash. */
function sameness({ id, scope, secretName }: Placement): string {
  if (scope.kind === "file") return `file:${plainPath(scope.path)}:${secretName}`;
  return isLocal(scope) ? id : id.toLowerCase();
}

/** What is wrong with one token's destinations, each by itself. */
function checkDestinations(name: string, token: TokenDeclaration, home: Home): Mistake[] {
  const readers = (token.destinations ?? []).flatMap((destination, index) =>
    checkReaders(destination, ["tokens", name, "destinations", index]),
  );
  return [...readers, ...checkProof(name, token, home)];
}

function checkReaders(destination: DestinationDeclaration, path: Path): Mistake[] {
  if (destination.to !== "organization") return [];
  const { visibility, repositories } = destination;
  if (visibility === "selected" && repositories === undefined) {
    const message = `${partName(path)} is for selected repositories, and names none`;
    const hint =
      'List them under "repositories"; or leave "visibility" out, and what is selected on GitHub stays as it is.';
    return [{ path, on: "value", code: "repositories-missing", message, hint }];
  }
  if (visibility === undefined || visibility === "selected" || repositories === undefined)
    return [];
  const message = `${partName(path)} names repositories, which "visibility": "${visibility}" has no use for`;
  const hint = 'Write "visibility": "selected", or leave the repositories out.';
  return [
    { path: [...path, "repositories"], on: "value", code: "repositories-unused", message, hint },
  ];
}

/** A proof that nobody can give would keep the previous credential alive for ever. */
function checkProof(name: string, token: TokenDeclaration, home: Home): Mistake[] {
  if (token.proof !== "required") return [];
  const destinations = token.destinations ?? defaultDestinations(home);
  const canBeSeen = destinations.some((destination) => {
    const scope = scopeOf(destination, home);
    return scope === null || isSeenBeside(scope, home);
  });
  if (canBeSeen) return [];
  const message = `${partName(["tokens", name])} requires a proof, but no job beside the record can see any of its destinations`;
  const hint =
    'Leave "proof" out: its previous credential is then revoked when the overlap is over.';
  return [
    { path: ["tokens", name, "proof"], on: "value", code: "proof-impossible", message, hint },
  ];
}

/** One file cannot be written in two formats, nor be a folder for some. */
function checkFileFormats(tokens: Readonly<Record<string, TokenDeclaration>>): Mistake[] {
  const formats = new Map<string, { readonly format: string; readonly name: string }>();
  return Object.entries(tokens).flatMap(([name, { destinations = [] }]) =>
    destinations.flatMap((destination, index): Mistake[] => {
      if (destination.to !== "file") return [];
      const file = plainPath(destination.path);
      const { format = "files" } = destination;
      const before = formats.get(file);
      formats.set(file, before ?? { format, name });
      if (before === undefined || before.format === format) return [];
      const path: Path = ["tokens", name, "destinations", index];
      const message = `${partName(path)} writes as "${format}" to where the token ${seenName(before.name)} writes as "${before.format}"`;
      return [
        {
          path,
          on: "value",
          code: "same-file",
          message,
          hint: "Give them the same format, or different paths.",
        },
      ];
    }),
  );
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
