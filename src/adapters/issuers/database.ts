// Passwords of a database service: connecting, logging in with one, working as the administrator, and the failures of each.
import { Denied, Failure, Misconfigured, Uncertain, Unchanged } from "../../core/base/errors.ts";
import { Secret } from "../../core/base/secret.ts";
import { generateValue } from "../../core/credentials/generate.ts";
import type { CheckResult, IssueRequest, Issuer } from "../../core/ports/issuer.ts";
import { type Account, type AdminUrl, accountUrl } from "./connection-url.ts";

/** The client of one service, and the meaning of its errors. */
export type Database<Session extends Progress> = {
  /** Its name in messages. */
  readonly name: string;
  /** Begins to connect. Throws `Misconfigured` for a URL that the client cannot use. */
  connect(url: AdminUrl): Promise<Connection<Session>>;
  /** The service's reply, as its manual lists it (`SQLSTATE 28P01`). Null for an error that is no reply. */
  replyOf(error: unknown): string | null;
  /** The part of the URL that made the service refuse a login. Null for every other error. */
  refusalOf(error: unknown): "account" | "database" | null;
  /** The failure of a reply that only this service has. Null for replies that all of them have. */
  explain(error: unknown, session: Session, variable: string): Failure | null;
};

/** One connection, of the administrator or of a consumer. */
type Connection<Session> = {
  /** Resolves when the service has let the user in. */
  readonly ready: Promise<Session>;
  /** Ends it at once, even in the middle of a command. */
  cut(): void;
  /** Leaves nothing behind. Never rejects. */
  close(): Promise<void>;
};

/** The progress of the administrator's work. */
export type Progress = {
  /** Whether a change was sent. If the connection ends now, the change may or may not have been made. */
  mayBeDone: boolean;
};

/** The shared parts of all services' issuers, and their differences. */
export type PasswordIssuer = {
  readonly database: Pick<Database<Progress>, "name" | "connect" | "replyOf" | "refusalOf">;
  readonly admin: AdminUrl;
  /** The consumers' address. A part left out is as in the administrator's URL. */
  readonly place: Pick<Account, "host" | "port" | "database">;
  /** Options of the administrator's URL that a consumer's has too. */
  readonly consumerOptions: readonly string[];
  /** Options that the check needs. */
  readonly checkOptions: readonly string[];
  /** How long every part of the service may take to know the new password, in milliseconds. */
  readonly settlesWithinMs: number;
  /** Gives an account the password. Returns the account's user, and the ref of this one password. */
  give(
    password: Secret,
    request: IssueRequest,
    entropyBits: number,
  ): Promise<{ readonly user: string; readonly ref: string }>;
} & Pick<Issuer, "revoke" | "find">;

/** The issuer of passwords that a service keeps. */
export function passwordIssuer(options: PasswordIssuer): Issuer {
  const { database, admin, place, settlesWithinMs } = options;
  return {
    async issue(request) {
      const { type, length, prefix, includeSpecial } = request;
      const made = generateValue({ type, length, prefix, includeSpecial });
      const { value: password, entropyBits, warnings } = made;
      const { user, ref } = await options.give(password, request, entropyBits);
      const url = accountUrl(admin, { ...place, user, password }, options.consumerOptions);
      const fields = { value: password, username: new Secret(user), password, url };
      return { fields, ref, entropyBits, expiresAt: null, settlesWithinMs, warnings };
    },
    async check({ fields: { username, password } }, signal) {
      if (username === undefined || password === undefined)
        return { verdict: "unknown", detail: "it has no user or no password" };
      const account = { ...place, user: username.reveal(), password };
      const url = accountUrl(admin, account, options.checkOptions);
      return logIn(database, { url, variable: admin.variable }, signal);
    },
    revoke: options.revoke,
    find: options.find,
  };
}

/**
 * Works as the administrator, over one connection that is closed afterwards.
 * @param signal ends the work, as does the time that one operation may take.
 * @throws `Failure` for anything that the client threw, without its message, which may quote a password.
 */
export async function asAdmin<Session extends Progress, Result>(
  database: Database<Session>,
  { admin, signal }: { readonly admin: AdminUrl; readonly signal?: AbortSignal | undefined },
  work: (session: Session) => Promise<Result>,
): Promise<Result> {
  return withConnection(database, admin, signal, async (ready) => {
    const session = await ready.catch((error: unknown) => {
      throw loginFailure(database, error, admin.variable);
    });
    try {
      return await work(session);
    } catch (error) {
      throw workFailure(database, error, { session, variable: admin.variable });
    }
  });
}

async function logIn(
  database: PasswordIssuer["database"],
  account: AdminUrl,
  signal: AbortSignal,
): Promise<CheckResult> {
  return withConnection(database, account, signal, async (ready) => {
    try {
      await ready;
      return { verdict: "works", detail: null };
    } catch (error) {
      const why = database.replyOf(error) ?? codeOf(error) ?? "no code";
      return database.refusalOf(error) === null
        ? { verdict: "unknown", detail: `${database.name} could not be asked (${why})` }
        : { verdict: "refused", detail: `${database.name} refused the login (${why})` };
    }
  });
}

/** The longest that one operation may take, in milliseconds. */
const OPERATION_MS = 30_000;

/** Connects, and leaves no connection behind. Ends when the signal says so or the time is over. */
async function withConnection<Session, Result>(
  database: { readonly name: string; connect(url: AdminUrl): Promise<Connection<Session>> },
  url: AdminUrl,
  signal: AbortSignal | undefined,
  work: (ready: Promise<Session>) => Promise<Result>,
): Promise<Result> {
  const limit = AbortSignal.timeout(OPERATION_MS);
  const ending = signal === undefined ? limit : AbortSignal.any([signal, limit]);
  if (ending.aborted) throw runStopped(database.name);
  const connection = await database.connect(url);
  const cut = () => connection.cut();
  ending.addEventListener("abort", cut, { once: true });
  // It may have been aborted while the client was loaded.
  if (ending.aborted) cut();
  try {
    return await work(connection.ready);
  } finally {
    // A service that does not answer a goodbye is awaited until the time is over.
    await connection.close();
    ending.removeEventListener("abort", cut);
  }
}

/** The code that a socket's or a client's error has: `ECONNREFUSED`, an SQLSTATE. Else null. */
export function codeOf(error: unknown): string | null {
  const code: unknown =
    typeof error === "object" && error !== null && "code" in error ? error.code : null;
  return typeof code === "string" && /^[A-Z0-9_]{3,60}$/.test(code) ? code : null;
}

/** The failure of a service that does not let the administrator in. */
function loginFailure<Session extends Progress>(
  database: Database<Session>,
  error: unknown,
  variable: string,
): Failure {
  const refused = database.refusalOf(error);
  const reply = database.replyOf(error);
  if (refused === null) return notReached(database.name, error, variable);
  if (refused === "account") return adminRefused(database.name, reply, variable);
  return new Misconfigured(
    `${database.name} does not let the administrator into the database that the URL names (${reply})`,
    { code: "admin-url-invalid", hint: `Correct or remove the database in ${variable}.` },
  );
}

/** The failure of a service that does not accept the administrator's user or password. */
export function adminRefused(service: string, reply: string | null, variable: string): Denied {
  return new Denied(`${service} refused the administrator's login (${reply})`, {
    code: "admin-refused",
    hint: `Correct the user or the password in ${variable}, and check that the service lets it in from here.`,
  });
}

function workFailure<Session extends Progress>(
  database: Database<Session>,
  error: unknown,
  { session, variable }: { readonly session: Session; readonly variable: string },
): Failure {
  if (error instanceof Failure) return error;
  const explained = database.explain(error, session, variable);
  if (explained !== null) return explained;
  const reply = database.replyOf(error);
  if (reply === null)
    return session.mayBeDone ? cutOff(database.name) : notReached(database.name, error, variable);
  return new Unchanged(`${database.name} refused to change a password (${reply})`, {
    code: "service-refused",
    hint: `Nothing was changed. The server's log may say more. A read-only server is a replica, so let ${variable} name the primary.`,
  });
}

/** The failure of a service that was not reached, or whose connection ended before anything was changed. */
function notReached(service: string, error: unknown, variable: string): Unchanged {
  const code = codeOf(error);
  return new Unchanged(`${service} could not be reached${code === null ? "" : ` (${code})`}`, {
    code: "service-unreachable",
    hint: `Nothing was changed. Check that it runs, and that the host, the port and the TLS options in ${variable} are right.`,
  });
}

/** The failure of a connection that ended while the service changed a password, which it may have done. */
export function cutOff(service: string): Uncertain {
  return new Uncertain(
    `the connection to ${service} ended while it changed a password, so the change may or may not have been made`,
    {
      code: "connection-lost",
      hint: "The next run looks for the new password and ends it, then tries again.",
    },
  );
}

/** The failure of an administrator that lacks a right. @param what the action in words: `change the role "app"`. */
export function rightMissing(
  service: string,
  what: string,
  { permission, hint }: { readonly permission: string; readonly hint: string },
): Denied {
  return new Denied(`${service} does not let the administrator ${what}`, {
    code: "privilege-missing",
    permission,
    hint,
  });
}

function runStopped(service: string): Unchanged {
  return new Unchanged(`${service} was not asked, because the run's time was over`, {
    code: "stopped",
    hint: "The next run tries again.",
  });
}
