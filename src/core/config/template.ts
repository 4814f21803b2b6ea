// Texts with placeholders, as the requests of the issuer `http` have them.

const ENVIRONMENT = "env.";
const PLACEHOLDER = /\$\{([^}]*)\}/g;

/** The names of all placeholders, as they stand. */
export function placeholdersIn(text: string): string[] {
  return [...text.matchAll(PLACEHOLDER)].map(([, name = ""]) => name);
}

/** The environment variable that a placeholder's name means, as `env.NAME` does; null where it means something else. */
export function variableIn(name: string): string | null {
  return name.startsWith(ENVIRONMENT) ? name.slice(ENVIRONMENT.length) : null;
}

/** The text with each placeholder replaced by what `lookUp` says of its name. */
export function fill(text: string, lookUp: (name: string) => string): string {
  return text.replace(PLACEHOLDER, (_, name: string) => lookUp(name));
}

/** Every string in a JSON value, with the path to it; keys are no templates. */
export function stringsIn(
  value: unknown,
  path: readonly (string | number)[] = [],
): { path: readonly (string | number)[]; text: string }[] {
  if (typeof value === "string") return [{ path, text: value }];
  if (Array.isArray(value))
    return value.flatMap((inner, index) => stringsIn(inner, [...path, index]));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => stringsIn(inner, [...path, key]));
}

/** The JSON value with every string in it filled. */
export function fillAll(value: unknown, lookUp: (name: string) => string): unknown {
  if (typeof value === "string") return fill(value, lookUp);
  if (Array.isArray(value)) return value.map((inner) => fillAll(inner, lookUp));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, fillAll(inner, lookUp)]),
  );
}

/** What stands at a JSON pointer (RFC 6901); undefined where nothing does. */
export function atPointer(document: unknown, pointer: string): unknown {
  let value = document;
  for (const part of pointer.split("/").slice(1)) {
    const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

/** Why a request may not go there with values in it; null where it may. The URL's placeholders may stand in it or be filled. */
export function whyNotThere(url: string, allowHttp: boolean): string | null {
  const [one, other] = ["a", "b"].map((sample) => URL.parse(fill(url, () => sample)));
  if (!one || !other) return "is no URL";
  if (one.origin !== other.origin) return "has a placeholder in the name of its server";
  if (one.username !== "" || one.password !== "") return "holds credentials";
  if (one.protocol === "https:") return null;
  if (one.protocol !== "http:") return "is no https URL";
  const isLocal = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(one.hostname);
  return isLocal || allowHttp ? null : "would carry values over plain HTTP";
}
