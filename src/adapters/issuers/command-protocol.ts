// The questions of the issuer `command` and its program's answers. They are judged strictly, since a credential depends on them.
import * as z from "zod";
import {
  Denied,
  type Failure,
  Misconfigured,
  Uncertain,
  Unchanged,
} from "../../core/base/errors.ts";
import { Secret } from "../../core/base/secret.ts";
import { looksLikeValue } from "../../core/base/showable.ts";
import { instant } from "../../core/model/schema.ts";
import type { CheckResult, Credential } from "../../core/ports/issuer.ts";

export type Action = "issue" | "check" | "revoke" | "find";

/** A question to the program: `action`, and its subject. */
export type ProgramRequest = { readonly action: Action; readonly [about: string]: unknown };

type Answer = {
  readonly credential?: Credential;
  readonly checked?: CheckResult;
  readonly refs?: readonly string[];
};
type Refusal = {
  readonly kind: "refusal";
  readonly as: "unchanged" | "uncertain" | "denied" | "misconfigured";
  readonly message: string;
};
type Reply =
  | Refusal
  | { readonly kind: "unreadable"; readonly why: string }
  | { readonly kind: "answer"; readonly answer: Answer };

/** The most characters of a message that are shown. */
const MAX_MESSAGE = 200;
/** The longest time that a credential may take until it works, in seconds. */
const MAX_SETTLE_SECONDS = 240;

// A ref is kept in the record, in commits and in messages.
const ref = z
  .string()
  .min(1)
  .max(1024)
  .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]+$/u);
const message = z.string().max(10_000);
const refusal = z.strictObject({
  error: z.strictObject({
    kind: z.enum(["unchanged", "uncertain", "denied", "misconfigured"]),
    message,
  }),
});
const answers = {
  issue: z.strictObject({
    fields: z.record(z.string(), z.string()),
    ref,
    expires_at: instant.nullable().optional(),
    settles_within_seconds: z.number().min(0).max(MAX_SETTLE_SECONDS).optional(),
    entropy_bits: z.number().min(0).max(10_000).optional(),
    warnings: z.array(message).max(10).optional(),
  }),
  check: z.strictObject({
    verdict: z.enum(["works", "refused", "unknown"]),
    detail: message.nullable().optional(),
  }),
  revoke: z.strictObject({ revoked: z.literal(true) }),
  find: z.strictObject({ refs: z.array(ref).max(1000) }),
} as const;

/** The shape to read, and the values that must not be shown. */
type Said = {
  readonly output: Uint8Array;
  readonly fields: readonly string[];
  readonly hidden: readonly Secret[];
};

/** Reads one answer. An unreadable answer is never quoted, since it may hold values. */
export function readReply(action: Action, { output, fields, hidden }: Said): Reply {
  const parsed = parse(output);
  if (parsed === undefined)
    return {
      kind: "unreadable",
      why: output.length === 0 ? "it printed nothing" : "it printed no JSON object",
    };
  const show = (text: string) => showText(text, hidden);
  const no = refusal.safeParse(parsed);
  if (no.success)
    return { kind: "refusal", as: no.data.error.kind, message: show(no.data.error.message) };
  const read = answers[action].safeParse(parsed);
  if (!read.success)
    return { kind: "unreadable", why: `its answer is not as expected at ${placesOf(read.error)}` };
  if ("fields" in read.data) return credentialOf(read.data, fields, hidden);
  if ("verdict" in read.data) {
    const { verdict, detail } = read.data;
    return {
      kind: "answer",
      answer: { checked: { verdict, detail: detail == null ? null : show(detail) } },
    };
  }
  return { kind: "answer", answer: "refs" in read.data ? { refs: read.data.refs } : {} };
}

function parse(output: Uint8Array): unknown {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(output));
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)
      ? parsed
      : undefined;
  } catch {
    return undefined;
  }
}

/** Only keys that this program knows. A key that the other program invented may be a value. */
function placesOf(error: z.ZodError): string {
  const places = error.issues.map(({ path }) => (path.length === 0 ? "its top" : String(path[0])));
  return [...new Set(places)].join(", ");
}

function credentialOf(
  issued: z.infer<typeof answers.issue>,
  fields: readonly string[],
  hidden: readonly Secret[],
): Reply {
  const given = Object.keys(issued.fields);
  const missing = fields.filter((name) => !given.includes(name));
  if (missing.length > 0)
    return { kind: "unreadable", why: `its credential lacks ${missing.join(", ")}` };
  if (given.length > fields.length)
    return { kind: "unreadable", why: `its credential has more fields than ${fields.join(", ")}` };
  const values = Object.values(issued.fields);
  if (values.some((value) => value !== "" && issued.ref.includes(value)))
    return { kind: "unreadable", why: "its ref holds the value itself" };
  const secrets = Object.fromEntries(
    fields.map((name) => [name, new Secret(issued.fields[name] ?? "")]),
  );
  const all = [...hidden, ...Object.values(secrets)];
  const credential = {
    fields: secrets,
    ref: issued.ref,
    entropyBits: issued.entropy_bits ?? null,
    expiresAt: issued.expires_at ?? null,
    settlesWithinMs: (issued.settles_within_seconds ?? 0) * 1000,
    warnings: (issued.warnings ?? []).map((warning) => showText(warning, all)),
  };
  return { kind: "answer", answer: { credential } };
}

/** One line without the values that the program was given, and without any word that looks like one. */
function showText(text: string, hidden: readonly Secret[]): string {
  const values = hidden.map((secret) => secret.reveal()).filter((value) => value !== "");
  const forms = values.flatMap((value) => [
    value,
    encodeURIComponent(value),
    Buffer.from(value).toString("base64"),
  ]);
  const longestFirst = forms.toSorted((one, other) => other.length - one.length);
  const masked = longestFirst.reduce((left, form) => left.replaceAll(form, "[hidden]"), text);
  const line = masked.replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, " ").trim();
  const words = line
    .split(/([\s"'`=:,;()[\]{}<>?&/]+)/)
    .map((word) => (looksLikeValue(word) ? "[hidden]" : word));
  return words.join("").slice(0, MAX_MESSAGE);
}

/** An orderly no, in the class that the program gave it. */
export function refusalOf({ as, message: said }: Refusal): Failure {
  const text = `the issuer's program said: ${said === "" ? "no reason" : said}`;
  const options = {
    code: "command-refused",
    hint: "The message is the program's own. Run it by hand to see more.",
  };
  switch (as) {
    case "unchanged":
      return new Unchanged(text, options);
    case "uncertain":
      return new Uncertain(text, options);
    case "denied":
      return new Denied(text, options);
    case "misconfigured":
      return new Misconfigured(text, options);
  }
}

/** The outcome of a question that changes something is unknown, unless the program answers in an orderly way. */
export function unclear(action: Action, seen: string): Failure {
  const message = `the issuer's program gave no usable answer to ${action}: ${seen}`;
  const code = "command-failed";
  if (action === "check" || action === "find") {
    return new Unchanged(message, {
      code,
      hint: "Run it by hand with the same question on its standard input. Nothing was changed.",
    });
  }
  return new Uncertain(message, {
    code,
    hint: "Run it by hand with the same question on its standard input. The next run looks for a credential with its label.",
  });
}
