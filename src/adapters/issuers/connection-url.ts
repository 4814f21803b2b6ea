// Connection URLs of databases: the administrator's, judged, and a consumer's made from it. Pure.
import { Misconfigured } from "../../core/base/errors.ts";
import { Secret } from "../../core/base/secret.ts";

/** Where the administrator's URL comes from, and what it may look like. */
export type AdminUrl = {
  readonly url: Secret;
  /** The environment variable that held it: errors name this, never the URL. */
  readonly variable: string;
};

/** What a consumer's URL has in place of the administrator's; null or left out: the same. */
export type Account = {
  readonly user: string;
  readonly password: Secret;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  /** The database: a name, or for Redis a number. */
  readonly database?: string | undefined;
};

/** Throws `Misconfigured` (`admin-url-invalid`) unless it is a URL of one of those schemes that names a host and a user. */
export function requireAdminUrl({ url, variable }: AdminUrl, schemes: readonly string[]): void {
  const parsed = URL.canParse(url.reveal()) ? new URL(url.reveal()) : null;
  const wrong =
    parsed === null
      ? "is no URL"
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

/** Throws `Misconfigured` (`admin-url-invalid`) for a database that is named where this service numbers them. */
export function requireNumberedDatabase({ url, variable }: AdminUrl): void {
  if (/^\/?\d*$/.test(new URL(url.reveal()).pathname)) return;
  throw new Misconfigured(
    `the environment variable ${variable} ends in something else than the number of a database`,
    {
      code: "admin-url-invalid",
      hint: "Set it to redis://USER:PASSWORD@HOST:PORT, or with /NUMBER at its end.",
    },
  );
}

/** The administrator's URL for what is done to the whole server: to choose a database would take a right of its own. */
export function withoutDatabase({ url, variable }: AdminUrl): AdminUrl {
  return {
    url: new Secret(Object.assign(new URL(url.reveal()), { pathname: "" }).href),
    variable,
  };
}

/** The URL by which the account logs in: the administrator's, with the account's parts; of its options only those named. */
export function accountUrl(
  { url }: AdminUrl,
  account: Account,
  keptOptions: readonly string[],
): Secret {
  const made = new URL(url.reveal());
  // Whatever is not a letter or digit is encoded, since clients decode all of it.
  made.username = encoded(account.user);
  made.password = encoded(account.password.reveal());
  if (account.host !== undefined)
    made.hostname = account.host.includes(":") ? `[${account.host}]` : account.host;
  if (account.port !== undefined) made.port = String(account.port);
  if (account.database !== undefined) made.pathname = `/${encoded(account.database)}`;
  const options = new URLSearchParams(
    [...made.searchParams].filter(([name]) => keptOptions.includes(name)),
  );
  made.search = options.toString();
  made.hash = "";
  return new Secret(made.href);
}

/** The parts of the administrator's URL, decoded; what it does not say is null. */
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

function encoded(text: string): string {
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
