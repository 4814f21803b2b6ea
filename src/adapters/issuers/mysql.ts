// The issuer of MySQL and MariaDB passwords: accounts that take turns, with a small table that says whose password each has.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { Socket } from "node:net";
import type { Connection, ConnectionOptions, RowDataPacket } from "mysql2/promise";
import { Failure, Misconfigured, Unchanged } from "../../core/base/errors.ts";
import { Secret } from "../../core/base/secret.ts";
import { generateValue } from "../../core/credentials/generate.ts";
import type { CheckResult, Issuer } from "../../core/ports/issuer.ts";
import { type AdminUrl, accountUrl, readUrl, requireAdminUrl } from "./connection-url.ts";
import {
  type AdminStep,
  isRefusedLogin,
  mysqlFailure,
  replyNumber,
  SERVICE,
  WRONG_DATABASE,
} from "./mysql-failures.ts";
import { adminRefused, codeOf, notReached, timeLimit } from "./service-failures.ts";
import { chooseSlot, inOrder, type Mark, newMark, readRef, refOf, type Slot } from "./slots.ts";

export type MysqlOptions = {
  /** An administrator's `mysql://` URL. */
  readonly admin: AdminUrl;
  /** The users that take turns, all with the same host part. With one only, the password in use is replaced at once. */
  readonly users: readonly string[];
  /** The accounts' host part, as in `'user'@'host'`. */
  readonly accountHost: string;
  /** Where consumers log in; what is left out is as in the administrator's URL. */
  readonly database?: string | undefined;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
};

const CONNECT_MS = 10_000;
/** What may pass until a replica or a proxy knows the new password, in milliseconds; the server itself knows it at once. */
const SETTLES_WITHIN_MS = 5_000;
const DEFAULT_PORT = 3306;
/** As in MySQL's own URLs; a consumer's has the first too. */
const TLS_OPTIONS = ["ssl-mode", "ssl-ca"];
/** Escaping counts on backslashes; no statement may wait for long. */
const SESSION = "SET SESSION sql_mode = '', autocommit = 1, lock_wait_timeout = 5";

/** Opens the issuer; asks the server nothing yet. Throws `Misconfigured`: `admin-url-invalid`. */
export function mysqlIssuer(options: MysqlOptions): Issuer {
  const { admin, users, accountHost, ...place } = options;
  requireAdminUrl(admin, ["mysql", "mariadb"]);
  const accounts = users.map((user) => `${user}@${accountHost}`);
  return {
    async issue({ type, length, prefix, includeSpecial, ...request }) {
      const {
        value: password,
        entropyBits,
        warnings,
      } = generateValue({ type, length, prefix, includeSpecial });
      const mark = newMark(request.label);
      const account = await asAdmin(admin, request.signal, async (session) => {
        const { user, mark: before } = chooseSlot(
          inOrder(await readSlots(session, accounts), accounts, SERVICE),
          request,
        );
        await give(session, { account: user, password, mark, before, alone: users.length === 1 });
        return user;
      });
      const user = userOf(account);
      const url = accountUrl(admin, { ...place, user, password }, ["ssl-mode"]);
      const fields = { value: password, username: new Secret(user), password, url };
      return {
        fields,
        ref: refOf(account, mark),
        entropyBits,
        expiresAt: null,
        settlesWithinMs: SETTLES_WITHIN_MS,
        warnings,
      };
    },
    async check({ fields: { username, password } }, signal) {
      if (username === undefined || password === undefined)
        return { verdict: "unknown", detail: "it has no user or no password" };
      return logIn(
        {
          url: accountUrl(admin, { ...place, user: username.reveal(), password }, TLS_OPTIONS),
          variable: admin.variable,
        },
        signal,
      );
    },
    async revoke(ref) {
      const ended = readRef(ref);
      if (ended === null) return;
      await asAdmin(admin, undefined, async (session) => {
        const [slot] = await readSlots(session, [ended.user]);
        // Another mark: the account has a later password, and the one that is meant is gone already.
        if (slot?.mark?.nonce !== ended.nonce) return;
        // Nobody knows this one, so that whoever unlocks the account by hand brings nothing back.
        const { value } = generateValue({
          type: "secret_key",
          length: null,
          prefix: null,
          includeSpecial: null,
        });
        await alter(session, ended.user, value, "LOCK");
        await unmark(session, ended.user);
      });
    },
    async find(label) {
      const slots = await asAdmin(admin, undefined, (session) => readSlots(session, accounts));
      return slots.flatMap(({ user, mark }) => (mark?.label === label ? [refOf(user, mark)] : []));
    },
  };
}

/** One connection of the administrator's, what it is about to do, and what it found. */
type Session = {
  readonly connection: Connection;
  readonly isMariaDb: boolean;
  readonly self: string;
  step: AdminStep;
  account: string | null;
};

const userOf = (account: string) => account.slice(0, account.lastIndexOf("@"));
const hostOf = (account: string) => account.slice(account.lastIndexOf("@") + 1);

async function readSlots(
  { connection, self }: Session,
  accounts: readonly string[],
): Promise<Slot[]> {
  const [rows] = await connection.query<RowDataPacket[]>(
    "SELECT account, nonce, label FROM token_automation.passwords",
  );
  return accounts.map((user) => {
    const row = rows.find(({ account }) => String(account) === user);
    const mark = row === undefined ? null : { nonce: String(row.nonce), label: String(row.label) };
    return { user, mark, open: true, own: user === self };
  });
}

type Given = {
  readonly account: string;
  readonly password: Secret;
  readonly mark: Mark;
  readonly before: Mark | null;
  readonly alone: boolean;
};

/**
 * The mark first, since nobody uses the password of an account whose turn it is: a run that dies in between leaves a mark that leads
 * to no harm. Where there is one account only the mark comes last: it must not lead to the password in use while that one still stands.
 */
async function give(
  session: Session,
  { account, password, mark, before, alone }: Given,
): Promise<void> {
  if (!alone) await writeMark(session, account, mark);
  try {
    await alter(session, account, password, "UNLOCK");
  } catch (error) {
    // The server's refusal: the password stands as it was, and the mark must say so.
    if (!alone && replyNumber(error) !== null)
      await (before === null ? unmark(session, account) : writeMark(session, account, before));
    throw error;
  }
  if (alone) await writeMark(session, account, mark);
}

async function alter(
  session: Session,
  account: string,
  password: Secret,
  lock: "LOCK" | "UNLOCK",
): Promise<void> {
  session.step = "altering";
  session.account = account;
  // MariaDB logs statements as they came, so it is sent what it keeps; MySQL takes passwords out of its logs.
  const [how, secret] = session.isMariaDb
    ? ["VIA mysql_native_password USING ?", nativeHash(password)]
    : ["BY ?", password.reveal()];
  await session.connection.query(`ALTER USER ?@? IDENTIFIED ${how} ACCOUNT ${lock}`, [
    userOf(account),
    hostOf(account),
    secret,
  ]);
}

async function writeMark(session: Session, account: string, { nonce, label }: Mark): Promise<void> {
  session.step = "marking";
  await session.connection.query(
    "REPLACE INTO token_automation.passwords (account, nonce, label) VALUES (?, ?, ?)",
    [account, nonce, label],
  );
}

async function unmark(session: Session, account: string): Promise<void> {
  session.step = "marking";
  await session.connection.query("DELETE FROM token_automation.passwords WHERE account = ?", [
    account,
  ]);
}

async function asAdmin<Result>(
  admin: AdminUrl,
  signal: AbortSignal | undefined,
  work: (session: Session) => Promise<Result>,
) {
  return connected(admin, signal, async (connecting) => {
    const connection = await connecting.catch((error: unknown) => {
      throw adminNotLetIn(error, admin);
    });
    const session: Session = {
      connection,
      isMariaDb: false,
      self: "",
      step: "reading",
      account: null,
    };
    try {
      await connection.query(SESSION);
      const [[about]] = await connection.query<RowDataPacket[]>(
        "SELECT VERSION() AS version, CURRENT_USER() AS self, GET_LOCK('token-automation', 5) AS locked",
      );
      if (Number(about?.locked) !== 1) throw busy();
      return await work(
        Object.assign(session, {
          isMariaDb: /mariadb/i.test(String(about?.version)),
          self: String(about?.self),
        }),
      );
    } catch (error) {
      throw error instanceof Failure ? error : mysqlFailure(error, session, admin.variable);
    }
  });
}

async function logIn(account: AdminUrl, signal: AbortSignal): Promise<CheckResult> {
  return connected(account, signal, async (connecting) => {
    try {
      await connecting;
      return { verdict: "works", detail: null };
    } catch (error) {
      const code = replyNumber(error) ?? codeOf(error) ?? "no code";
      if (isRefusedLogin(error))
        return { verdict: "refused", detail: `MySQL refused the login (error ${code})` };
      return { verdict: "unknown", detail: `MySQL could not be asked (${code})` };
    }
  });
}

/** Connects, and leaves no connection behind; ends when the signal says so or the time is over. */
async function connected<Result>(
  url: AdminUrl,
  signal: AbortSignal | undefined,
  work: (connecting: Promise<Connection>) => Promise<Result>,
) {
  const { createConnection } = await import("mysql2/promise");
  const { user, password, host, port, database } = readUrl(url);
  const ssl = await tlsOf(url);
  const ending = timeLimit(SERVICE, signal);
  const socket = new Socket();
  const cut = () => socket.destroy(new Error("aborted"));
  ending.addEventListener("abort", cut, { once: true });
  const connecting = createConnection({
    stream: () => socket.connect(port ?? DEFAULT_PORT, host),
    host,
    connectTimeout: CONNECT_MS,
    ...(ssl === undefined ? {} : { ssl }),
    ...(user === null ? {} : { user }),
    ...(password === null ? {} : { password: password.reveal() }),
    ...(database === null ? {} : { database }),
  });
  try {
    return await work(connecting);
  } finally {
    ending.removeEventListener("abort", cut);
    await connecting.then((connection) => connection.destroy()).catch(() => undefined);
    socket.destroy();
  }
}

/** What `ssl-mode` and `ssl-ca` of the URL ask for, as MySQL's own clients read them. */
async function tlsOf(url: AdminUrl): Promise<ConnectionOptions["ssl"]> {
  const { option } = readUrl(url);
  const mode = option("ssl-mode")?.toUpperCase() ?? null;
  if (mode === null || mode === "DISABLED") return undefined;
  if (mode === "REQUIRED") return { rejectUnauthorized: false };
  if (mode !== "VERIFY_CA" && mode !== "VERIFY_IDENTITY") {
    const hint = "Use ssl-mode=VERIFY_IDENTITY, VERIFY_CA, REQUIRED or DISABLED.";
    throw new Misconfigured(`the URL in ${url.variable} asks for an ssl-mode that there is not`, {
      code: "admin-url-invalid",
      hint,
    });
  }
  const path = option("ssl-ca");
  const ca =
    path === null ? {} : { ca: await readFile(path, "utf8").catch(() => noAuthority(url)) };
  return { ...ca, rejectUnauthorized: true, verifyIdentity: mode === "VERIFY_IDENTITY" };
}

function noAuthority({ variable }: AdminUrl): never {
  const hint =
    "Let it name a PEM file of this machine, or leave it out to trust Node.js's own authorities.";
  throw new Misconfigured(`the file that ssl-ca in ${variable} names cannot be read`, {
    code: "admin-url-invalid",
    hint,
  });
}

/** What the plugin mysql_native_password keeps: SHA-1 of SHA-1, which nobody turns back into a password of 128 random bits. */
function nativeHash(password: Secret): string {
  const once = createHash("sha1").update(password.reveal(), "utf8").digest();
  return `*${createHash("sha1").update(once).digest("hex").toUpperCase()}`;
}

function busy(): Unchanged {
  const hint = "Nothing was changed. The next run tries again.";
  return new Unchanged("another run is changing passwords of this MySQL server", {
    code: "service-busy",
    hint,
  });
}

function adminNotLetIn(error: unknown, { variable }: AdminUrl): Failure {
  const reply = replyNumber(error);
  if (reply !== null && WRONG_DATABASE.includes(reply)) {
    const hint = `Correct or remove the database in ${variable}.`;
    return new Misconfigured("the administrator may not use the database that its URL names", {
      code: "admin-url-invalid",
      hint,
    });
  }
  return isRefusedLogin(error)
    ? adminRefused(SERVICE, variable, `error ${reply}`)
    : notReached(SERVICE, error, variable);
}
