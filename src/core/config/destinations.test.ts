import { describe, expect, test } from "vitest";
import { type Home, resolveToken } from "../model/token.ts";
import { parseConfig } from "./parse.ts";

const GITHUB: Home = { kind: "github", repository: "acme/widgets" };
const NOWHERE: Home = { kind: "local", repository: null };

function judged(
  destinations: unknown,
  { home = GITHUB, ...token }: { home?: Home; proof?: string } = {},
) {
  const parsed = parseConfig(
    JSON.stringify({ version: 1, tokens: { A: { destinations, ...token } } }),
    home,
  );
  return parsed.ok
    ? []
    : parsed.problems.map(({ pointer, code, message, hint }) => ({
        pointer: pointer.replace("/tokens/A", ""),
        code,
        message,
        hint,
      }));
}

describe("a destination that", () => {
  const mistakes: [string, unknown, string, string, RegExp][] = [
    [
      "has no environment",
      { to: "environment" },
      "/destinations/0/environment",
      "missing-key",
      /Add "environment"/,
    ],
    [
      "names an environment as no URL may",
      { to: "environment", environment: ".." },
      "/destinations/0/environment",
      "invalid-environment",
      /settings/,
    ],
    [
      "names an environment with a quote",
      { to: "environment", environment: "it's" },
      "/destinations/0/environment",
      "invalid-environment",
      /settings/,
    ],
    [
      "has no organization",
      { to: "organization" },
      "/destinations/0/organization",
      "missing-key",
      /Add "organization"/,
    ],
    [
      "names a repository as organization",
      { to: "organization", organization: "acme/x" },
      "/destinations/0/organization",
      "invalid-organization",
      /acme/,
    ],
    [
      "is for an unknown app",
      { to: "organization", organization: "a", app: "dependabots" },
      "/destinations/0/app",
      "unknown-app",
      /mean dependabot\?/,
    ],
    [
      "has an unknown visibility",
      { to: "organization", organization: "a", visibility: "privat" },
      "/destinations/0/visibility",
      "unknown-visibility",
      /mean private\?/,
    ],
    [
      "has a repository with its owner",
      { to: "organization", organization: "a", repositories: ["a/b"] },
      "/destinations/0/repositories/0",
      "invalid-repository-name",
      /without the owner/,
    ],
    [
      "selects nothing",
      { to: "organization", organization: "a", visibility: "selected" },
      "/destinations/0",
      "repositories-missing",
      /stays as it is/,
    ],
    [
      "selects for all",
      { to: "organization", organization: "a", visibility: "all", repositories: ["b"] },
      "/destinations/0/repositories",
      "repositories-unused",
      /"selected"/,
    ],
    [
      "is for a misspelt kind",
      { to: "enviroment", environment: "p" },
      "/destinations/0/to",
      "unknown-destination",
      /mean environment\?/,
    ],
    [
      "has a misspelt key",
      { to: "environment", enviroment: "p", environment: "p" },
      "/destinations/0/enviroment",
      "unknown-key",
      /mean environment\?/,
    ],
    [
      "writes an unknown format",
      { to: "file", path: "x", format: "yaml" },
      "/destinations/0/format",
      "unknown-format",
      /Known: files, dotenv, json/,
    ],
    [
      "is a repository as no URL may name one",
      { to: "actions", repository: "acme/.." },
      "/destinations/0/repository",
      "invalid-repository",
      /owner/,
    ],
    ...["../x", "./x", "x/../y", "x//y", "x\\y", "a\0b"].map((path): (typeof mistakes)[number] => [
      `leads elsewhere: ${JSON.stringify(path)}`,
      { to: "file", path },
      "/destinations/0/path",
      "invalid-path",
      /without a part/,
    ]),
    [
      "has a reserved name",
      { to: "codespaces", secret: "GITHUB_X" },
      "/destinations/0/secret",
      "reserved-name",
      /GH_X/,
    ],
  ];
  test.each(mistakes)("%s is refused", (_, destination, pointer, code, hint) => {
    expect(judged([destination])).toEqual([
      { pointer, code, message: expect.any(String), hint: expect.stringMatching(hint) },
    ]);
  });

  test.each(["environment", "dependabot", "codespaces", "agents"])(
    "has no repository anywhere is refused: %s",
    (to) => {
      const more = to === "environment" ? { environment: "p" } : {};
      expect(judged([{ to, ...more }], { home: NOWHERE })).toMatchObject([
        { code: "no-repository", pointer: "/destinations/0" },
      ]);
      expect(judged([{ to, ...more, repository: "a/b" }], { home: NOWHERE })).toEqual([]);
    },
  );
});

test("two that are one place are refused, whatever their capitals; a file's are its own", () => {
  const same = (one: object, other: object) => judged([one, other]).map(({ code }) => code);
  const production = { to: "environment", environment: "Production" };
  expect(
    same(production, { ...production, environment: "production", repository: "Acme/Widgets" }),
  ).toEqual(["same-destination"]);
  expect(
    same(
      { to: "organization", organization: "acme" },
      { to: "organization", organization: "ACME", app: "actions" },
    ),
  ).toEqual(["same-destination"]);
  expect(
    same(
      { to: "organization", organization: "acme" },
      { to: "organization", organization: "acme", app: "agents" },
    ),
  ).toEqual([]);
  expect(same({ to: "dependabot" }, { to: "codespaces" })).toEqual([]);
  expect(same({ to: "file", path: "x" }, { to: "file", path: "X" })).toEqual([]);
  expect(same({ to: "file", path: "x" }, { to: "file", path: "x/" })).toEqual(["same-destination"]);
  expect(
    same({ to: "file", path: "/x//y" }, { to: "file", path: "/x/y/", format: "json" }),
  ).toEqual(["same-destination", "same-file"]);
  expect(
    same(
      { to: "file", path: "x", format: "json" },
      { to: "file", path: "x", format: "dotenv", secret: "B" },
    ),
  ).toEqual(["same-file"]);
});

test("a proof that no job beside the record can give is refused", () => {
  const proof = "required";
  expect(
    judged([{ to: "dependabot" }, { to: "actions", repository: "acme/other" }], { proof }),
  ).toMatchObject([{ code: "proof-impossible", pointer: "/proof" }]);
  expect(
    judged([{ to: "dependabot" }, { to: "environment", environment: "p" }], { proof }),
  ).toEqual([]);
  expect(judged([{ to: "organization", organization: "acme" }], { proof })).toEqual([]);
});

test("each place has its id, by which the record and reports name it", () => {
  const destinations = [
    { to: "actions" },
    { to: "environment", environment: "eu/Production" },
    { to: "organization", organization: "acme", repositories: ["x"] },
    { to: "organization", organization: "acme", app: "codespaces", visibility: "all" },
    { to: "dependabot", secret: { one: "value", TWO: "value" } },
    { to: "agents", repository: "acme/other" },
    { to: "file", path: "/run/secrets", secret: "github_like" },
  ];
  const parsed = parseConfig(JSON.stringify({ tokens: { A: { destinations } } }), GITHUB);
  if (!parsed.ok) throw new Error("refused");
  const placements = resolveToken(parsed.config, "A", GITHUB)?.placements ?? [];
  expect(
    placements.map(({ id, access }) =>
      access === undefined ? id : `${id} ${access.visibility} ${access.repositories}`,
    ),
  ).toEqual([
    "actions:acme/widgets:A",
    "environment:acme/widgets/eu/Production:A",
    "organization:acme:A selected x",
    "organization:acme/codespaces:A all ",
    "dependabot:acme/widgets:ONE",
    "dependabot:acme/widgets:TWO",
    "agents:acme/other:A",
    "file:/run/secrets:github_like",
  ]);
});
