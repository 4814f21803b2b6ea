// What the schema cannot say about single destinations: who may read, what can be proved, files that hold two formats.
import { type Mistake, partName } from "./config-mistake.ts";
import type { Path } from "./config-positions.ts";
import type { DestinationDeclaration, TokenDeclaration } from "./schema.ts";
import { isSeenBeside, plainPath, scopeOf } from "./scope.ts";
import { seenName } from "./seen.ts";
import { defaultDestinations, type Home } from "./token.ts";

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
