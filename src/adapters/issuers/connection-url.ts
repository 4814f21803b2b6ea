// Connection URLs of databases: the administrator's, judged, and a consumer's made from it. Pure.
import { Misconfigured } from "../../core/base/errors.ts";
import { Secret } from "../../core/base/secret.ts";

/** The source of the administrator's URL, and its allowed forms. */
export type AdminUrl = {
  readonly url: Secret;
  /** The environment variable that held it. Errors name this, never the URL. */
  readonly variable: string;
};

/** The parts of a consumer's URL that differ from the administrator's. Null or left out means the same. */
export type Account = {
  readonly user: string;
  readonly password: Secret;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  /** The database: a name, or for Redis a number. */
  readonly database?: string | undefined;
};

/** Throws `Misconfigured` (`admin-url-invalid`) unless it is a URL of one of those schemes with a host and a user. */
export function requireAdminUrl({ url, variable }: AdminUrl, schemes: readonly string[]): void {
  const parsed = URL.canParse(url.reveal()) ? new URL(url.reveal()) : null;
  const wrong =
    parsed === null
      ? "is not a URL"
      : !schemes.includes(parsed.protocol.slice(0, -1))
        ? `does not begin with ${schemes.map((scheme) => `${scheme}://`).join(" or ")}`
        : parsed.hostname === ""
          ? "names no host"
          : isMalformed(parsed)
            ? "has a user, a password or a path that is not percent-encoded"
            : null;
  if (wrong === null) return;
  throw new Misconfigured(`the environment variable ${variable} ${wrong}`, {
    code: "admin-url-invalid",
    hint: `Set it to ${schemes[0]}://USER:PASSWORD@HOST:PORT/DATABASE, with special characters percent-encoded.`,
  });
}

/** Throws `Misconfigured` (`admin-url-invalid`) for a named database if this service numbers them. */
export function requireNumberedDatabase({ url, variable }: AdminUrl): void {
  if (/^\/?\d*$/.test(new URL(url.reveal()).pathname)) return;
  throw new Misconfigured(
    `the environment variable ${variable} ends in something other than the number of a database`,
    {
      code: "admin-url-invalid",
      hint: "Set it to redis://USER:PASSWORD@HOST:PORT, or with /NUMBER at its end.",
    },
  );
}

/** The administrator's URL for work on the whole server, without a database, since choosing one would need a right of its own. */
export function withoutDatabase({ url, variable }: AdminUrl): AdminUrl {
  return {
    url: new Secret(Object.assign(new URL(url.reveal()), { pathname: "" }).href),
    variable,
  };
}

/** The URL by which the account logs in: the administrator's, with the account's parts, and only those options that are named. */
export function accountUrl(
  { url }: AdminUrl,
  account: Account,
  keptOptions: readonly string[],
): Secret {
  const made = new URL(url.reveal());
  // Every character except letters and digits is encoded, since clients decode all of it.
  made.username = encodePart(account.user);
  made.password = encodePart(account.password.reveal());
  if (account.host !== undefined)
    made.hostname = account.host.includes(":") ? `[${account.host}]` : account.host;
  if (account.port !== undefined) made.port = String(account.port);
  if (account.database !== undefined) made.pathname = `/${encodePart(account.database)}`;
  const options = new URLSearchParams(
    [...made.searchParams].filter(([name]) => keptOptions.includes(name)),
  );
  made.search = options.toString();
  made.hash = "";
  return new Secret(made.href);
}

/** The parts of the administrator's URL, decoded. Null for a part that it does not have. */
export function readUrl({ url }: Pick<AdminUrl, "url">) {
  const { username, password, hostname, port, pathname, protocol, searchParams } = new URL(
    url.reveal(),
  );
  const given = (text: string) => (text === "" ? null : decodeURIComponent(text));
  return {
    scheme: protocol.slice(0, -1),
    user: given(username),
    password: password === "" ? null : new Secret(decodeURIComponent(password)),
    host: hostname.replace(/^\[(.+)\]$/, "$1"),
    port: port === "" ? null : Number(port),
    database: given(pathname.slice(1)),
    option: (name: string) => searchParams.get(name),
  };
}

function encodePart(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function isMalformed({ username, password, pathname }: URL): boolean {
  try {
    for (const part of [username, password, pathname]) decodeURIComponent(part);
    return false;
  } catch {
    return true;
  }
}
