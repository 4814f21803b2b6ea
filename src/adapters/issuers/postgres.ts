// The issuer of PostgreSQL passwords. Users take turns, so that the one in use is never touched. A login checks each password.
import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import { Socket } from "node:net";
import type { Client } from "pg";
import { Misconfigured } from "../../core/base/errors.ts";
import type { Secret } from "../../core/base/secret.ts";
import type { Issuer } from "../../core/ports/issuer.ts";
import { type AdminUrl, readUrl, requireAdminUrl } from "./connection-url.ts";
import {
  asAdmin,
  codeOf,
  cutOff,
  type Database,
  type Progress,
  passwordIssuer,
  rightMissing,
} from "./database.ts";
import { chooseSlot, inOrder, type Mark, newMark, readRef, refOf, type Slot } from "./slots.ts";

export type PostgresOptions = {
  /** An administrator's `postgres://` URL. */
  readonly admin: AdminUrl;
  /** The roles that take turns. If there is only one, the password in use is replaced at once. */
  readonly users: readonly string[];
  /** The consumers' address. A part left out is as in the administrator's URL. */
  readonly database?: string | undefined;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
};

/** At most a third of an operation's time. */
const LIMITS = "SET LOCAL statement_timeout = '10s'; SET LOCAL lock_timeout = '5s'";
/** How long a pooler or a replica may take to know the new password, in milliseconds. The server itself knows it at once. */
const SETTLES_WITHIN_MS = 5_000;
/** Options of the administrator's URL that a consumer's has too, and those that the check needs besides. */
const CONSUMER_OPTIONS = ["sslmode", "sslnegotiation", "uselibpqcompat"];
const CHECK_OPTIONS = [...CONSUMER_OPTIONS, "ssl", "sslrootcert"];
/** The lock that makes two runs change roles one after the other. The number is "token-au" in ASCII. */
const LOCK = "8389754676632481141";
/** PostgreSQL's own number of rounds, which RFC 7677 asks for too. More would not help random passwords. */
const SCRAM_ROUNDS = 4096;
/** SQLSTATEs of refused logins: wrong password, not let in. */
const REFUSED_ACCOUNT = ["28P01", "28000"];
/** No such database, no right to CONNECT to it. */
const REFUSED_DATABASE = ["3D000", "42501"];
const MARK = /\n?\[token-automation ([0-9a-f]{32}) (\S+)\]$/;
const READ_ROLES = `SELECT rolname, rolcanlogin, rolname = session_user AS own, pg_catalog.shobj_description(oid, 'pg_authid') AS comment
  FROM pg_catalog.pg_roles WHERE rolname = ANY($1::text[])`;

/** Opens the issuer without a request to the server. Throws `Misconfigured`: `admin-url-invalid`, `database-missing`. */
export function postgresIssuer(options: PostgresOptions): Issuer {
  const { admin, users } = options;
  requireAdminUrl(admin, ["postgres", "postgresql"]);
  const place = {
    host: options.host,
    port: options.port,
    database: options.database ?? readUrl(admin).database ?? noDatabase(admin),
  };
  return passwordIssuer({
    database: POSTGRES,
    admin,
    place,
    consumerOptions: CONSUMER_OPTIONS,
    checkOptions: CHECK_OPTIONS,
    settlesWithinMs: SETTLES_WITHIN_MS,
    async give(password, request) {
      const mark = newMark(request.label);
      const user = await inTransaction(admin, request.signal, async (session) => {
        const role = chooseSlot(
          inOrder(await readRoles(session.client, users), users, POSTGRES.name),
          request,
        );
        await change(session, role, { sql: `LOGIN PASSWORD '${scramVerifier(password)}'`, mark });
        return role.user;
      });
      return { user, ref: refOf(user, mark) };
    },
    async revoke(ref) {
      const ended = readRef(ref);
      if (ended === null) return;
      await inTransaction(admin, undefined, async (session) => {
        const [role] = await readRoles(session.client, [ended.user]);
        // Another mark means that the user has a later password, and the one meant is gone already.
        if (role?.mark?.nonce === ended.nonce)
          await change(session, role, { sql: "NOLOGIN PASSWORD NULL", mark: null });
      });
    },
    async find(label) {
      const roles = await inTransaction(admin, undefined, ({ client }) => readRoles(client, users));
      return roles.flatMap(({ user, mark }) => (mark?.label === label ? [refOf(user, mark)] : []));
    },
  });
}

type Role = Slot & {
  /** Text of people beside the mark, which is kept. */
  readonly comment: string;
};

/** One connection, the role that is being changed over it, and whether the change is being committed. */
type Session = Progress & { readonly client: Client; changing: string | null };

async function readRoles(client: Client, names: readonly string[]): Promise<Role[]> {
  const { rows } = await client.query<{
    rolname: string;
    rolcanlogin: boolean;
    own: boolean;
    comment: string | null;
  }>(READ_ROLES, [names]);
  return rows.map(({ rolname, rolcanlogin, own, comment }) => {
    const [, nonce, label] = MARK.exec(comment ?? "") ?? [];
    const mark = nonce === undefined || label === undefined ? null : { nonce, label };
    return {
      user: rolname,
      open: rolcanlogin,
      own,
      mark,
      comment: (comment ?? "").replace(MARK, ""),
    };
  });
}

async function change(
  session: Session,
  role: Role,
  { sql, mark }: { readonly sql: string; readonly mark: Mark | null },
): Promise<void> {
  const { client } = session;
  session.changing = role.user;
  const name = client.escapeIdentifier(role.user);
  const marked =
    mark === null
      ? role.comment
      : `${role.comment}\n[token-automation ${mark.nonce} ${mark.label}]`.trimStart();
  await client.query(`ALTER ROLE ${name} WITH ${sql}`);
  await client.query(
    `COMMENT ON ROLE ${name} IS ${marked === "" ? "NULL" : client.escapeLiteral(marked)}`,
  );
}

/** Makes all changes or none. The server undoes every change that fails before its commit begins. */
async function inTransaction<Result>(
  admin: AdminUrl,
  signal: AbortSignal | undefined,
  work: (session: Session) => Promise<Result>,
) {
  return asAdmin(POSTGRES, { admin, signal }, async (session) => {
    const { client } = session;
    await client.query(`BEGIN; ${LIMITS}`);
    await client.query("SELECT pg_catalog.pg_advisory_xact_lock($1::bigint)", [LOCK]);
    const result = await work(session);
    session.mayBeDone = session.changing !== null;
    await client.query("COMMIT");
    return result;
  });
}

const POSTGRES: Database<Session> = {
  name: "PostgreSQL",
  async connect(url) {
    const socket = new Socket();
    const client = await clientOf(url, socket);
    // The query that was under way reports the error.
    client.on("error", () => undefined);
    return {
      ready: client.connect().then(() => ({ client, changing: null, mayBeDone: false })),
      cut: () => socket.destroy(),
      async close() {
        await client.end().catch(() => undefined);
        socket.destroy();
      },
    };
  },
  replyOf(error) {
    const code = codeOf(error);
    // The server names a severity, a socket does not. Classes 08 and 57P: the connection or the server ended.
    const isReply = error instanceof Error && "severity" in error && code !== null;
    return isReply && !/^(?:08|57P)/.test(code) ? `SQLSTATE ${code}` : null;
  },
  refusalOf(error) {
    const code = codeOf(error) ?? "";
    if (REFUSED_ACCOUNT.includes(code)) return "account";
    return REFUSED_DATABASE.includes(code) ? "database" : null;
  },
  explain(error, { changing, mayBeDone }, variable) {
    // No reply is trusted here, since a pooler answers for a server that it lost.
    if (mayBeDone) return cutOff(POSTGRES.name);
    if (codeOf(error) !== "42501") return null;
    const role = changing === null ? "the roles" : `the role ${JSON.stringify(changing)}`;
    return rightMissing(POSTGRES.name, `change ${role} (SQLSTATE 42501)`, {
      permission: "CREATEROLE",
      hint: `Grant the user in ${variable} CREATEROLE and, from PostgreSQL 16 on, the role WITH ADMIN OPTION. A superuser's password needs a superuser.`,
    });
  },
};

/** Reads the files that the URL's TLS options name. */
async function clientOf({ url, variable }: AdminUrl, socket: Socket): Promise<Client> {
  const { Client } = (await import("pg")).default;
  try {
    return new Client({
      connectionString: url.reveal(),
      application_name: "token-automation",
      stream: () => socket,
    });
  } catch (error) {
    throw new Misconfigured(
      `a file that ${variable} names in its TLS options cannot be read (${codeOf(error) ?? "no code"})`,
      {
        code: "admin-url-invalid",
        hint: "Let sslrootcert, sslcert and sslkey name PEM files of this machine, or leave them out.",
      },
    );
  }
}

/**
 * The form that the server keeps in place of the password (RFC 5803, as PostgreSQL writes it), so that the password itself reaches
 * neither its log nor its list of running statements. Generated passwords are ASCII, which SASLprep leaves as they are.
 */
function scramVerifier(password: Secret): string {
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password.reveal(), salt, SCRAM_ROUNDS, 32, "sha256");
  const hmac = (text: string) => createHmac("sha256", salted).update(text).digest();
  const storedKey = createHash("sha256").update(hmac("Client Key")).digest("base64");
  return `SCRAM-SHA-256$${SCRAM_ROUNDS}:${salt.toString("base64")}$${storedKey}:${hmac("Server Key").toString("base64")}`;
}

function noDatabase({ variable }: AdminUrl): never {
  throw new Misconfigured("the users' database is not known", {
    code: "database-missing",
    hint: `Add "database" to the issuer, or name one at the end of the URL in ${variable}.`,
  });
}
