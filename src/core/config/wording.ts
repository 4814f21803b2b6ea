// Says in words what the schema has against one part of the config, and what to write instead.
import type * as z from "zod";
import { seen, seenName } from "../base/showable.ts";
import { checkSecretName, didYouMean } from "../model/names.ts";
import { DESTINATIONS, MAX_INTERVAL_HOURS, MIN_INTERVAL_HOURS } from "../model/schema.ts";
import { type Mistake, partName } from "./mistake.ts";
import type { Path } from "./positions.ts";

type Issue = z.core.$ZodIssue;

const KINDS: Readonly<Record<string, string>> = {
  string: "a string",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "an object",
  record: "an object",
  array: "a list",
};

/** Fields that hold one of several words: the code of a wrong one, and what such a word is called. */
const WORDS: ReadonlyMap<unknown, readonly [code: string, noun: string]> = new Map([
  ["type", ["unknown-type", "type"]],
  ["to", ["unknown-destination", "destination"]],
  ["use", ["unknown-issuer", "issuer"]],
  ["journal", ["unknown-journal-mode", "journal mode"]],
  ["app", ["unknown-app", "app"]],
  ["visibility", ["unknown-visibility", "visibility"]],
  ["format", ["unknown-format", "format"]],
]);

/** Fields whose text has a form: the code of a wrong one, what is expected, and an example. */
const FORMS: ReadonlyMap<unknown, readonly [code: string, expected: string, hint: string]> =
  new Map([
    ["repository", ["invalid-repository", "the name of a repository", 'Write "owner/name".']],
    [
      "environment",
      [
        "invalid-environment",
        "the name of an environment",
        "Write it as it stands in the repository's settings.",
      ],
    ],
    [
      "organization",
      ["invalid-organization", "the login of an organization", 'Write "acme" for github.com/acme.'],
    ],
    [
      "repositories",
      [
        "invalid-repository-name",
        "the name of one of the organization's repositories",
        'Write "name", without the owner.',
      ],
    ],
    [
      "path",
      [
        "invalid-path",
        "the path of a file or a folder",
        'Write it with forward slashes and without a part that is empty, "." or "..", as "run/app.env".',
      ],
    ],
    [
      "prefix",
      ["invalid-prefix", "printable ASCII without spaces", 'Write something like "myapp_".'],
    ],
    [
      "admin_url_variable",
      [
        "invalid-variable",
        "the name of an environment variable",
        "Write the name alone, as PG_ADMIN_URL; the URL is never written here.",
      ],
    ],
    [
      "host",
      [
        "invalid-host",
        "the name or the address of a host",
        'Write "db.example.com", without a scheme or a port.',
      ],
    ],
    ["user", ["invalid-user", "the name of a user", "Use no spaces."]],
    [
      "account_host",
      [
        "invalid-account-host",
        "the host part of accounts",
        'Write what stands after the "@", as "%".',
      ],
    ],
    [
      "groups",
      [
        "invalid-group-name",
        "the name of a group",
        "Use letters, digits, underscores, dots and dashes.",
      ],
    ],
  ]);

const PROGRAM_SECTIONS: ReadonlySet<unknown> = new Set(["state"]);

/** Turns one issue of the schema into a mistake; `value` is what stands at `path`. */
export function explainIssue(issue: Issue, path: Path, value: unknown): Mistake {
  const mistake = explain(issue, path, value);
  if (!PROGRAM_SECTIONS.has(path[0])) return mistake;
  return {
    ...mistake,
    hint: "The program writes this section: restore it from the file's history in git.",
  };
}

function explain(issue: Issue, path: Path, value: unknown): Mistake {
  const base = { path, on: "value" } as const;
  if (path.length === 1 && path[0] === "version") return { ...base, ...versionMistake(value) };
  if (value === undefined) return { ...base, ...missing(issue, path) };
  switch (issue.code) {
    case "invalid_type":
      return { ...base, ...wrongType(issue.expected, path, value) };
    case "invalid_value":
      return { ...base, ...unknownWord(issue.values.map(String), path, value) };
    case "invalid_union":
      return { ...base, ...unknownWord(optionsOf(issue), path, value) };
    case "invalid_key":
      return { ...base, on: "key", ...badName(String(path.at(-1))) };
    case "too_small":
    case "too_big":
      return { ...base, ...outOfRange(issue, path, value) };
    case "invalid_format":
      return { ...base, ...badForm(issue.format, path, value) };
    default:
      return {
        ...base,
        code: "invalid-value",
        message: `${partName(path)} cannot be ${seen(value)}`,
        hint: null,
      };
  }
}

type Wording = Pick<Mistake, "code" | "message" | "hint">;

function optionsOf(issue: Extract<Issue, { code: "invalid_union" }>): string[] {
  return "options" in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];
}

function versionMistake(value: unknown): Wording {
  const newer = typeof value === "number" && value > 1;
  const hint = newer
    ? "Update token-automation: a newer version of it has written this file."
    : 'Write "version": 1, or leave it out; a file of the first version is imported by `token-automation migrate`.';
  return {
    code: "unsupported-version",
    message: `the file's version is ${seen(value)}; this program reads version 1`,
    hint,
  };
}

function missing(issue: Issue, path: Path): Wording {
  const key = String(path.at(-1));
  const options = issue.code === "invalid_union" ? optionsOf(issue) : [];
  const expected = issue.code === "invalid_type" ? KINDS[issue.expected] : undefined;
  const what = options.length > 0 ? `one of: ${options.join(", ")}` : (expected ?? "a value");
  return {
    code: "missing-key",
    message: `${partName(path.slice(0, -1))} lacks "${key}"`,
    hint: `Add "${key}": ${what}.`,
  };
}

function wrongType(expected: string, path: Path, value: unknown): Wording {
  const kind = KINDS[expected] ?? expected;
  // Only numbers beyond those of JavaScript, as 1e400, are numbers and yet refused as such.
  if (expected === "number" && typeof value === "number") {
    return {
      code: "out-of-range",
      message: `${partName(path)} is too large a number`,
      hint: rangeHint(path),
    };
  }
  return {
    code: "wrong-type",
    message: `${partName(path)} must be ${kind}; it is ${seen(value)}`,
    hint: typeHint(expected, path, value),
  };
}

function typeHint(expected: string, path: Path, value: unknown): string | null {
  const text = typeof value === "string" ? value : "";
  if (path[2] === "destinations" && path.length === 4) {
    const to = DESTINATIONS.find((word) => word === text) ?? "actions";
    return `Write { "to": "${to}" }.`;
  }
  if ((expected === "number" || expected === "int") && /^-?\d+(\.\d+)?$/.test(text))
    return "Write the number without quotes.";
  if (expected === "boolean" && /^(true|false)$/i.test(text))
    return "Write true or false in small letters and without quotes.";
  if (path.at(-1) === "secret")
    return "Write the secret's name, or a map from secret names to the credential's fields.";
  if (expected === "array") return "Put it into brackets: [ … ].";
  return expected === "object" || expected === "record" ? "Put it into braces: { … }." : null;
}

function unknownWord(known: readonly string[], path: Path, value: unknown): Wording {
  const field = String(path.at(-1));
  const [code, noun] = WORDS.get(field) ?? ["unknown-word", field];
  const meant = typeof value === "string" ? didYouMean(value, known) : null;
  // What is near a known word is a slip of the pen, not a secret.
  const shown = meant !== null && typeof value === "string" ? JSON.stringify(value) : seen(value);
  const message = `${partName(path)} is ${shown}, which is no ${noun} that this version knows`;
  return { code, message, hint: `${meant === null ? "" : `${meant} `}Known: ${known.join(", ")}.` };
}

function badName(name: string): Wording {
  return (
    checkSecretName(name, "actions") ?? {
      code: "invalid-name",
      message: `${seenName(name)} cannot be a secret's name`,
      hint: null,
    }
  );
}

function outOfRange(
  issue: Extract<Issue, { code: "too_small" | "too_big" }>,
  path: Path,
  value: unknown,
): Wording {
  const limit = issue.code === "too_small" ? issue.minimum : issue.maximum;
  if (path.at(-1) === "secret" && typeof value === "string") return badName(value);
  const bound =
    issue.code === "too_small" ? (issue.inclusive === false ? "more than" : "at least") : "at most";
  if (typeof value === "number") {
    return {
      code: "out-of-range",
      message: `${partName(path)} must be ${bound} ${limit}; it is ${value}`,
      hint: rangeHint(path),
    };
  }
  const empty = issue.code === "too_small";
  const field =
    path.at(-1) === "users"
      ? "Name the users that take turns, at least two if consumers are to log in at every moment."
      : path[0] === "tokens" && path.length > 3
        ? `Name a field of the credential: most have one, "value".`
        : "Leave it out to use the default.";
  const hint = empty && path[0] === "tokens" ? field : null;
  if (empty) return { code: "empty", message: `${partName(path)} must not be empty`, hint };
  return {
    code: "too-long",
    message: `${partName(path)} may have ${bound} ${limit} ${Array.isArray(value) ? "entries" : "characters"}; it is ${seen(value)}`,
    hint,
  };
}

function rangeHint(path: Path): string | null {
  return path.at(-1) === "interval_hours"
    ? `An interval is ${MIN_INTERVAL_HOURS} to ${MAX_INTERVAL_HOURS} hours (ten years).`
    : null;
}

function badForm(format: string, path: Path, value: unknown): Wording {
  if (format === "datetime") {
    return {
      code: "invalid-time",
      message: `${partName(path)} must be a time; it is ${seen(value)}`,
      hint: 'Write it with date, time and zone, as "2027-01-01T00:00:00Z".',
    };
  }
  if (path.includes("secret") && typeof value === "string") return badName(value);
  const field = path.findLast((part) => typeof part === "string");
  const [code, expected, hint] = FORMS.get(field) ?? ["invalid-form", "text of another form", null];
  return { code, message: `${partName(path)} must be ${expected}; it is ${seen(value)}`, hint };
}
