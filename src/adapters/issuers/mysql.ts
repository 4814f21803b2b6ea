// The issuer of MySQL and MariaDB passwords. Accounts take turns, and a small table says whose password each has.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { Socket } from "node:net";
import type { Connection, ConnectionOptions, RowDataPacket } from "mysql2/promise";
import { type Failure, Misconfigured, Unchanged } from "../../core/base/errors.ts";
import type { Secret } from "../../core/base/secret.ts";
import { generateValue } from "../../core/credentials/generate.ts";
import type { Issuer } from "../../core/ports/issuer.ts";
import { type AdminUrl, readUrl, requireAdminUrl } from "./connection-url.ts";
import { asAdmin, type Database, type Progress, passwordIssuer, rightMissing } from "./database.ts";
import { chooseSlot, inOrder, type Mark, newMark, readRef, refOf, type Slot } from "./slots.ts";

export type MysqlOptions = {
  /** An administrator's `mysql://` URL. */
  readonly admin: AdminUrl;
  /** The users that take turns, all with the same host part. If there is only one, the password in use is replaced at once. */
  readonly users: readonly string[];
  /** The accounts' host part, as in `'user'@'host'`. */
  readonly accountHost: string;
  /** The consumers' address. A part left out is as in the administrator's URL. */
  readonly database?: string | undefined;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
};

const CONNECT_MS = 10_000;
/** How long a replica or a proxy may take to know the new password, in milliseconds. The server itself knows it at once. */
const SETTLES_WITHIN_MS = 5_000;
const DEFAULT_PORT = 3306;
/** As in MySQL's own URLs. A consumer's has the first too. */
const TLS_OPTIONS = ["ssl-mode", "ssl-ca"];
/** Wrong password, host not let in, account locked (MySQL, MariaDB), no password given, password expired. */
const REFUSED_ACCOUNT = [1045, 1130, 3118, 4151, 1698, 1862];
/** No right to the database, no such database. */
const REFUSED_DATABASE = [1044, 1049];
/** Connection or statement killed, server shutting down. The server answers, but does not say what it did. */
const ENDED = [1053, 1317, 1927, 3024, 4031];
/** Escaping counts on backslashes. No statement may wait for long. */
const SESSION = "SET SESSION sql_mode = '', autocommit = 1, lock_wait_timeout = 5";

/** Opens the issuer without a request to the server. Throws `Misconfigured`: `admin-url-invalid`. */
export function mysqlIssuer(options: MysqlOptions): Issuer {
  const { admin, users, accountHost, ...place } = options;
  requireAdminUrl(admin, ["mysql", "mariadb"]);
  const accounts = users.map((user) => `${user}@${accountHost}`);
  return passwordIssuer({
    database: MYSQL,
    admin,
    place,
    consumerOptions: ["ssl-mode"],
    checkOptions: TLS_OPTIONS,
    settlesWithinMs: SETTLES_WITHIN_MS,
    async give(password, request) {
      const mark = newMark(request.label);
      const account = await workLocked(admin, request.signal, async (session) => {
        const { user, mark: before } = chooseSlot(
          inOrder(await readSlots(session, accounts), accounts, MYSQL.name),
          request,
        );
        await givePassword(session, {
          account: user,
          password,
          mark,
          before,
          alone: users.length === 1,
        });
        return user;
      });
      return { user: userOf(account), ref: refOf(account, mark) };
    },
    async revoke(ref) {
      const ended = readRef(ref);
      if (ended === null) return;
      await workLocked(admin, undefined, async (session) => {
        const [slot] = await readSlots(session, [ended.user]);
        // Another mark means that the account has a later password, and the one meant is gone already.
        if (slot?.mark?.nonce !== ended.nonce) return;
        // This password is kept nowhere, so a person who unlocks the account by hand brings nothing back.
        const { value } = generateValue({
          type: "secret_key",
          length: null,
          prefix: null,
          includeSpecial: null,
        });
        await alter(session, ended.user, value, "LOCK");
        await removeMark(session, ended.user);
      });
    },
    async find(label) {
      const slots = await workLocked(admin, undefined, (session) => readSlots(session, accounts));
      return slots.flatMap(({ user, mark }) => (mark?.label === label ? [refOf(user, mark)] : []));
    },
  });
}

/** One connection, the server at its other end, and the account that is being changed. */
type Session = Progress & {
  readonly connection: Connection;
  isMariaDb: boolean;
  self: string;
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
 * The mark first, since no consumer uses the password of an account whose turn it is. A run that dies in between leaves a mark
 * that does no harm. If there is only one account, the mark comes last. It must not point to the password in use while that stands.
 */
async function givePassword(
  session: Session,
  { account, password, mark, before, alone }: Given,
): Promise<void> {
  if (!alone) await writeMark(session, account, mark);
  try {
    await alter(session, account, password, "UNLOCK");
  } catch (error) {
    // The server refused, so the password stands as it was, and the mark must say so.
    if (!alone && replyNumber(error) !== null)
      await (before === null ? removeMark(session, account) : writeMark(session, account, before));
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
  session.mayBeDone = true;
  session.account = account;
  // MariaDB logs statements as they came, so it gets the form that it keeps. MySQL takes passwords out of its logs.
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
  session.mayBeDone = true;
  await session.connection.query(
    "REPLACE INTO token_automation.passwords (account, nonce, label) VALUES (?, ?, ?)",
    [account, nonce, label],
  );
}

async function removeMark(session: Session, account: string): Promise<void> {
  session.mayBeDone = true;
  await session.connection.query("DELETE FROM token_automation.passwords WHERE account = ?", [
    account,
  ]);
}

/** Works as the administrator while no other run does. */
async function workLocked<Result>(
  admin: AdminUrl,
  signal: AbortSignal | undefined,
  work: (session: Session) => Promise<Result>,
): Promise<Result> {
  return asAdmin(MYSQL, { admin, signal }, async (session) => {
    const { connection } = session;
    await connection.query(SESSION);
    const [[about]] = await connection.query<RowDataPacket[]>(
      "SELECT VERSION() AS version, CURRENT_USER() AS self, GET_LOCK('token-automation', 5) AS locked",
    );
    if (Number(about?.locked) !== 1) throw serverBusy();
    session.isMariaDb = /mariadb/i.test(String(about?.version));
    session.self = String(about?.self);
    return work(session);
  });
}

const MYSQL: Database<Session> = {
  name: "MySQL",
  async connect(url) {
    const { createConnection } = await import("mysql2/promise");
    const { user, password, host, port, database } = readUrl(url);
    const ssl = await tlsOf(url);
    const socket = new Socket();
    const connecting = createConnection({
      stream: () => socket.connect(port ?? DEFAULT_PORT, host),
      host,
      connectTimeout: CONNECT_MS,
      ...(ssl === undefined ? {} : { ssl }),
      ...(user === null ? {} : { user }),
      ...(password === null ? {} : { password: password.reveal() }),
      ...(database === null ? {} : { database }),
    });
    const begin = (connection: Connection): Session => ({
      connection,
      isMariaDb: false,
      self: "",
      account: null,
      mayBeDone: false,
    });
    return {
      ready: connecting.then(begin),
      cut: () => socket.destroy(new Error("aborted")),
      async close() {
        await connecting.then((connection) => connection.destroy()).catch(() => undefined);
        socket.destroy();
      },
    };
  },
  replyOf(error) {
    const reply = replyNumber(error);
    return reply === null ? null : `error ${reply}`;
  },
  refusalOf(error) {
    const reply = replyNumber(error) ?? 0;
    if (REFUSED_ACCOUNT.includes(reply)) return "account";
    return REFUSED_DATABASE.includes(reply) ? "database" : null;
  },
  explain(error, { account }, variable) {
    const reply = replyNumber(error);
    return reply === null ? null : explainReply(reply, JSON.stringify(account), variable);
  },
};

/** The number of the server's error. Null for an error that is no reply of the server. */
function replyNumber(error: unknown): number | null {
  if (typeof error !== "object" || error === null || !("sqlState" in error) || !("errno" in error))
    return null;
  const { errno } = error;
  // Numbers from 2000 to 2999 are a client's. A proxy that lost the server passes them on.
  return typeof errno === "number" && !ENDED.includes(errno) && !(errno >= 2000 && errno < 3000)
    ? errno
    : null;
}

/** By the numbers of dev.mysql.com "Server Error Message Reference" and mariadb.com "Error Codes". */
function explainReply(reply: number, account: string, variable: string): Failure | null {
  switch (reply) {
    case 1227:
      return rightMissing(MYSQL.name, `change the account ${account}`, {
        permission: "CREATE USER",
        hint: `Grant the user in ${variable} CREATE USER ON *.*.`,
      });
    case 1044:
    case 1142: {
      const permission = "SELECT, INSERT, DELETE ON token_automation.passwords";
      const hint = `Grant the user in ${variable} ${permission}.`;
      const what = "keep its notes in token_automation.passwords";
      return rightMissing(MYSQL.name, what, { permission, hint });
    }
    case 1049:
    case 1146:
      return new Misconfigured(
        "MySQL has no table token_automation.passwords, which says whose password each account has",
        { code: "marks-missing", hint: "Create it as the issuer's page shows." },
      );
    case 1396:
      return new Misconfigured(`MySQL has no account ${account}, or does not let it be changed`, {
        code: "user-missing",
        hint: "Create it with the rights that the application needs, as the issuer's page shows. account_host is the part after the @.",
      });
    case 1819:
      return new Misconfigured("MySQL's password policy refused the new password", {
        code: "password-refused",
        hint: 'Ask for a longer one, with "type": "password", which has every kind of character.',
      });
    default:
      return null;
  }
}

/** The TLS options that `ssl-mode` and `ssl-ca` of the URL ask for, as MySQL's own clients read them. */
async function tlsOf(url: AdminUrl): Promise<ConnectionOptions["ssl"]> {
  const { option } = readUrl(url);
  const mode = option("ssl-mode")?.toUpperCase() ?? null;
  if (mode === null || mode === "DISABLED") return undefined;
  if (mode === "REQUIRED") return { rejectUnauthorized: false };
  if (mode !== "VERIFY_CA" && mode !== "VERIFY_IDENTITY") {
    const hint = "Use ssl-mode=VERIFY_IDENTITY, VERIFY_CA, REQUIRED or DISABLED.";
    throw new Misconfigured(`unknown ssl-mode in the URL in ${url.variable}`, {
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

/** The form that the plugin mysql_native_password keeps: SHA-1 of SHA-1, which cannot be turned back into a password of 128 random bits. */
function nativeHash(password: Secret): string {
  const once = createHash("sha1").update(password.reveal(), "utf8").digest();
  return `*${createHash("sha1").update(once).digest("hex").toUpperCase()}`;
}

function serverBusy(): Unchanged {
  const hint = "Nothing was changed. The next run tries again.";
  return new Unchanged("another run is changing passwords of this MySQL server", {
    code: "service-busy",
    hint,
  });
}
