// Rules for the destinations of tokens: places that collide, readers, proofs that cannot be given.
import { seenName } from "../base/showable.ts";
import type { DestinationDeclaration, TokenConfig, TokenDeclaration } from "../model/schema.ts";
import { isSeenBeside, plainPath, scopeOf } from "../model/scope.ts";
import {
  defaultDestinations,
  type Home,
  isLocal,
  type Placement,
  resolveToken,
} from "../model/token.ts";
import { type Mistake, partName } from "./mistake.ts";
import type { Path } from "./positions.ts";

/** What a repository's secrets are called, by destination. */
const SECRETS_OF: Readonly<Record<string, string>> = {
  actions: "Actions ",
  dependabot: "Dependabot ",
  codespaces: "Codespaces ",
  agents: "agent ",
  environment: "environment ",
};

/** Destinations whose repository is neither named nor known. */
export function checkRepositories(name: string, token: TokenDeclaration, home: Home): Mistake[] {
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

/** What is wrong with one token's destinations, each by itself. */
export function checkDestinations(name: string, token: TokenDeclaration, home: Home): Mistake[] {
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

/** A proof that no consumer can give would keep the previous credential alive for ever. */
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
export function checkFileFormats(tokens: Readonly<Record<string, TokenDeclaration>>): Mistake[] {
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

type Placed = { readonly token: string; readonly index: number };

/** Two placements that write one secret. */
export function checkPlacements(
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

/** GitHub ignores capitals in the names of repositories and secrets. The vault and files do not. A folder may end in a slash. */
function sameness({ id, scope, secretName }: Placement): string {
  if (scope.kind === "file") return `file:${plainPath(scope.path)}:${secretName}`;
  return isLocal(scope) ? id : id.toLowerCase();
}
