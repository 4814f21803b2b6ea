// Published public keys as text: a JWKS, or PEM or OpenSSH keys one after another, each with its label and id.
import { Misconfigured } from "../../core/base/errors.ts";
import type { PublicForms } from "../../core/credentials/key-pair.ts";

export type PublishedForm = "pem" | "openssh" | "jwks";

export type PublishedKey = {
  readonly kid: string;
  readonly label: string | null;
  readonly text: string;
};

/** The member of a JWK that names the label. RFC 7517, section 4, allows extra members. */
const LABEL_MEMBER = "x-token-automation-label";
/** The line above each key of a text. Outside a PEM block it is explanatory (RFC 7468, section 2), and to sshd a comment. */
const HEADING = /^# token-automation (\S+) ([A-Za-z0-9_-]{43})$/;

/** One form of the text, read and written. `add` and `remove` return the whole new text. All else in it stays as it is. */
export type Codec = {
  /** Throws `Misconfigured` (`not-published-here`) for a text that holds anything else. */
  keys(text: string | null): readonly PublishedKey[];
  add(text: string | null, key: PublicForms, label: string): string;
  remove(text: string | null, kid: string): string;
};

/** @param where the text's name for messages: `the file keys.json` */
export function codecOf(form: PublishedForm, where: string): Codec {
  return form === "jwks" ? jwks(where) : texts(form, where);
}

type Jwks = { readonly keys: readonly Readonly<Record<string, unknown>>[] };

function jwks(where: string): Codec {
  function read(text: string | null): Jwks {
    if (text === null || text.trim() === "") return { keys: [] };
    try {
      const parsed: unknown = JSON.parse(text);
      if (isObject(parsed) && Array.isArray(parsed.keys) && parsed.keys.every(isObject))
        return { ...parsed, keys: parsed.keys };
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
    throw foreign(where, 'a JWK set: {"keys": […]}');
  }
  const write = (set: Jwks) => `${JSON.stringify(set, null, 2)}\n`;
  return {
    keys: (text) =>
      read(text).keys.map((key) => {
        const label = key[LABEL_MEMBER];
        return {
          kid: String(key.kid),
          label: typeof label === "string" ? label : null,
          text: JSON.stringify(key),
        };
      }),
    add(text, { jwk }, label) {
      const set = read(text);
      return write({ ...set, keys: [{ ...jwk, [LABEL_MEMBER]: label }, ...set.keys] });
    },
    remove(text, kid) {
      const set = read(text);
      return write({ ...set, keys: set.keys.filter((key) => key.kid !== kid) });
    },
  };
}

function texts(form: "pem" | "openssh", where: string): Codec {
  function read(text: string | null): PublishedKey[] {
    const found: { kid: string; label: string; lines: string[] }[] = [];
    for (const line of (text ?? "").split("\n")) {
      const [, label, kid] = HEADING.exec(line) ?? [];
      if (label !== undefined && kid !== undefined) found.push({ kid, label, lines: [] });
      else if (line.trim() !== "") {
        const last = found.at(-1);
        // Text below a whole key does not belong to it, but would be removed with it.
        if (last === undefined || last.lines.some((each) => endsKey(each, form)))
          throw foreign(where, "keys that were published here");
        last.lines.push(line);
      }
    }
    return found.map(({ lines, ...key }) => ({ ...key, text: `${lines.join("\n").trim()}\n` }));
  }
  const write = (keys: readonly PublishedKey[]) =>
    keys.map(({ kid, label, text }) => `# token-automation ${label} ${kid}\n${text}`).join("");
  return {
    keys: read,
    add: (text, key, label) =>
      write([
        { kid: key.kid, label, text: form === "pem" ? key.pem : `${key.openssh}\n` },
        ...read(text),
      ]),
    remove: (text, kid) => write(read(text).filter((key) => key.kid !== kid)),
  };
}

function endsKey(line: string, form: "pem" | "openssh"): boolean {
  return form === "openssh" || line.startsWith("-----END ");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function foreign(where: string, what: string): Misconfigured {
  return new Misconfigured(`${where} holds something other than ${what}, and is not overwritten`, {
    code: "not-published-here",
    hint: "Publish under another name, or empty it first.",
  });
}
