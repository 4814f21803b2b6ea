// Showable parts of a person's text, without anything that could be a secret value.

/** Longest word, in characters, that is shown although it is near nothing known. */
const MAX_WORD = 24;
/** Longest name, in characters, that is shown. */
const MAX_SHOWN_NAME = 64;

const WORD = /^[A-Z]?[a-z]+(?:[ _/-][A-Z]?[a-z]+)*$/;
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
// Published prefixes of GitHub, AWS, Slack, Stripe, OpenAI, Google, npm, PyPI and JSON Web Tokens, and long hexadecimal.
const CREDENTIALS = [
  /gh[opsur]_[A-Za-z0-9._]{8,}/,
  /github_pat_[A-Za-z0-9_]{8,}/i,
  /(?:AKIA|ASIA)[A-Z0-9]{12,}/,
  /xox[a-z]-/,
  /sk[-_][A-Za-z0-9_-]{8,}/,
  /AIza[A-Za-z0-9_-]{20,}/,
  /npm_[A-Za-z0-9]{20,}/,
  /pypi-[A-Za-z0-9_-]{20,}/,
  /^eyJ[A-Za-z0-9_-]{8,}/,
  /[0-9a-f]{32,}/i,
];
/** From this many characters on, capitals, small letters and digits mixed look drawn at random. */
const MIXED_LENGTH = 14;

/** Whether a text has the form of a known kind of credential. */
export function looksLikeSecret(text: string): boolean {
  return CREDENTIALS.some((pattern) => pattern.test(text));
}

function isPlain(text: string): boolean {
  return text.length <= MAX_WORD && WORD.test(text);
}

function looksRandom(text: string): boolean {
  return (
    text.length >= MIXED_LENGTH && /[A-Z]/.test(text) && /[a-z]/.test(text) && /[0-9]/.test(text)
  );
}

/** Whether a word that stands in a wrong place may be a secret value: a known kind of credential, or characters as if drawn at random. */
export function looksLikeValue(text: string): boolean {
  return looksLikeSecret(text) || looksRandom(text);
}

/** Whether a text may be shown as a name: shaped like one or a few plain words, short, and unlike a credential or random characters. */
export function isShowableName(text: string): boolean {
  return (
    isPlain(text) ||
    (text.length <= MAX_SHOWN_NAME &&
      NAME.test(text) &&
      !looksRandom(text) &&
      !looksLikeSecret(text))
  );
}

/** A name for a message, in quotes; or its length, if it might be a value that a person put in the name's place. */
export function seenName(text: string): string {
  return isShowableName(text) ? `"${text}"` : seenString(text);
}

/** How long a string is, and nothing of what it says. */
export function seenString(text: string): string {
  if (text === "") return "an empty string";
  return text.length === 1 ? "a string of 1 character" : `a string of ${text.length} characters`;
}

/** What stands somewhere, for a message: numbers and short plain words as they are, of any other string only its length. */
export function seen(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "string") return isPlain(value) ? `"${value}"` : seenString(value);
  if (Array.isArray(value))
    return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  return String(value);
}

/** What is wrong with a name or a value, without a place in a file. */
export type Complaint = {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
};
