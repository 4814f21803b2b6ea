// Rules beyond the schema for programs and requests: known placeholders, and no values in them or in URLs.

import { looksLikeSecret, seenName } from "../base/showable.ts";
import { didYouMean } from "../model/names.ts";
import { type IssuerDeclaration, NAME_PATTERN, type TokenDeclaration } from "../model/schema.ts";
import { type Mistake, partName } from "./mistake.ts";
import type { Path } from "./positions.ts";
import { placeholdersIn, stringsIn, variableIn, whyNotThere } from "./template.ts";

type Http = Extract<IssuerDeclaration, { use: "http" }>;
const ACTIONS = ["issue", "check", "revoke", "find"] as const;
/** What each request may speak of beside the environment's variables, and, in a check, the fields. */
const KNOWN: Readonly<Record<(typeof ACTIONS)[number], readonly string[]>> = {
  issue: ["label", "token_name", "current"],
  check: ["ref"],
  revoke: ["ref"],
  find: ["label", "page"],
};

/** Everything that is wrong with what a token's issuer runs or sends. */
export function checkRequests(name: string, { issuer }: TokenDeclaration): Mistake[] {
  const path: Path = ["tokens", name, "issuer"];
  if (issuer?.use === "command") {
    const index = issuer.run.findIndex((argument) => holdsCredential(argument));
    return index < 0 ? [] : [valueInText([...path, "run", index])];
  }
  return issuer?.use === "http" ? checkHttp(issuer, path) : [];
}

function checkHttp(http: Http, path: Path): Mistake[] {
  const empty = Object.keys(http.issue.fields).length === 0;
  const noFields = mistake(
    [...path, "issue", "fields"],
    "empty",
    "names no field of the credential",
    'Write { "value": "/…" }.',
  );
  return [
    ...(empty ? [noFields] : []),
    ...ACTIONS.flatMap((action) => {
      const { url, headers = [], json, form } = http[action];
      const here: Path = [...path, action];
      const both = json !== undefined && form !== undefined;
      return [
        ...(both
          ? [
              mistake(
                [...here, "form"],
                "two-bodies",
                "stands beside json, and a request has one body",
                "Remove one.",
              ),
            ]
          : []),
        ...checkUrl(url, [...here, "url"], http, action),
        ...stringsIn({ headers, json, form }).flatMap((part) =>
          checkText(part.text, [...here, ...part.path], http, action),
        ),
      ];
    }),
  ];
}

function checkUrl(
  url: string,
  path: Path,
  http: Http,
  action: (typeof ACTIONS)[number],
): Mistake[] {
  const why = whyNotThere(url, http.allow_http ?? false);
  const wrong =
    why === null
      ? []
      : [
          mistake(
            path,
            "bad-url",
            why,
            'Use https://…; "allow_http": true permits plain HTTP to other machines.',
          ),
        ];
  const secret = placeholdersIn(url).some((name) => /^(?:env|fields)\./.test(name));
  const hint = "URLs end up in logs. Send values in a header or in the body.";
  return [
    ...wrong,
    ...(secret
      ? [mistake(path, "value-in-url", "puts a value into a URL", hint)]
      : checkText(url, path, http, action)),
  ];
}

function checkText(
  text: string,
  path: Path,
  http: Http,
  action: (typeof ACTIONS)[number],
): Mistake[] {
  // Of ids, many are long hexadecimal numbers, but none of them stands in a header.
  if (path.includes("headers") ? looksLikeSecret(text) : holdsCredential(text))
    return [valueInText(path)];
  const known =
    action === "check"
      ? [...KNOWN.check, ...Object.keys(http.issue.fields).map((field) => `fields.${field}`)]
      : KNOWN[action];
  return placeholdersIn(text).flatMap((name) => {
    if (known.includes(name) || NAME_PATTERN.test(variableIn(name) ?? "")) return [];
    const hint =
      didYouMean(name, known) ??
      `Known here: ${[...known, "env.NAME"].map((one) => `\${${one}}`).join(", ")}.`;
    return [
      mistake(path, "unknown-placeholder", `has the unknown placeholder ${seenName(name)}`, hint),
    ];
  });
}

/** Whether it holds a credential of a known kind; a long hexadecimal number may be the id of anything. */
function holdsCredential(text: string): boolean {
  return looksLikeSecret(text.replace(/[0-9a-f]{32,}/gi, " "));
}

function valueInText(path: Path): Mistake {
  return mistake(
    path,
    "value-in-config",
    "holds what looks like the value of a credential, which git would keep for ever",
    "Revoke it, and name an environment variable that holds the new one.",
  );
}

function mistake(path: Path, code: string, what: string, hint: string): Mistake {
  return { path, on: "value", code, message: `${partName(path)} ${what}`, hint };
}
