// The issuer of PostgreSQL passwords: users that take turns, so that the one in use is never touched; checked by logging in.
import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import { Socket } from "node:net";
import type { Client } from "pg";
import { Denied, Failure, Misconfigured, Unchanged } from "../../core/base/errors.ts";
import { Secret } from "../../core/base/secret.ts";
import { generateValue } from "../../core/credentials/generate.ts";
import type { CheckResult, Credential, Issuer } from "../../core/ports/issuer.ts";
import { type AdminUrl, accountUrl, readUrl, requireAdminUrl } from "./connection-url.ts";
import { adminRefused, codeOf, cutOff, notReached, timeLimit } from "./service-failures.ts";
import { chooseSlot, inOrder, type Mark, newMark, readRef, refOf, type Slot } from "./slots.ts";

export type PostgresOptions = {
  /** An administrator's `postgres://` URL. */
  readonly admin: AdminUrl;
  /** The roles that take turns. With one only, the password in use is replaced at once. */
  readonly users: readonly string[];
  /** Where consumers log in; what is left out is as in the administrator's URL. */
  readonly database?: string | undefined;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
};

const SERVICE = "PostgreSQL";
/** A third of an operation's time at the most. */
const LIMITS = "SET LOCAL statement_timeout = '10s'; SET LOCAL lock_timeout = '5s'";
/** What may pass until a pooler or a replica knows the new password, in milliseconds; the server itself knows it at once. */
const SETTLES_WITHIN_MS = 5_000;
/** Options of the administrator's URL that a consumer's has too, and those that the check needs besides. */
const CONSUMER_OPTIONS = ["sslmode", "sslnegotiation", "uselibpqcompat"];
const CHECK_OPTIONS = [...CONSUMER_OPTIONS, "ssl", "sslrootcert"];
/** Two runs look at roles and change them one after the other. The number is "token-au" in ASCII. */
const LOCK = "8389754676632481141";
/** PostgreSQL's own number of rounds (RFC 7677 asks for as many); more would not help random passwords. */
const SCRAM_ROUNDS = 4096;
/** SQLSTATEs of refused logins: wrong password, not let in, no such database, no right to CONNECT to it. */
const REFUSED = ["28P01", "28000", "3D000", "42501"];
const MARK = /\n?\[token-automation ([0-9a-f]{32}) (\S+)\]$/;
const READ_ROLES = `SELECT rolname, rolcanlogin, rolname = session_user AS own, pg_catalog.shobj_description(oid, 'pg_authid') AS comment
  FROM pg_catalog.pg_roles WHERE rolname = ANY($1::text[])`;

/** Opens the issuer; asks the server nothing yet. Throws `Misconfigured`: `admin-url-invalid`, `database-missing`. */
export function postgresIssuer(options: PostgresOptions): Issuer {
  const { admin, users } = options;
  requireAdminUrl(admin, ["postgres", "postgresql"]);
  const account = {
    host: options.host,
    port: options.port,
    database: options.database ?? readUrl(admin).database ?? noDatabase(admin),
  };
  return {
    async issue({ type, length, prefix, includeSpecial, ...request }) {
      const {
        value: password,
        entropyBits,
        warnings,
      } = generateValue({ type, length, prefix, includeSpecial });
      const mark = newMark(request.label);
      const user = await inTransaction(admin, request.signal, async (session) => {
        const role = chooseSlot(
          inOrder(await readRoles(session.client, users), users, SERVICE),
          request,
        );
        await change(session, role, { sql: `LOGIN PASSWORD '${scramVerifier(password)}'`, mark });
        return role.user;
      });
      const url = accountUrl(admin, { ...account, user, password }, CONSUMER_OPTIONS);
      const fields = { value: password, username: new Secret(user), password, url };
      return {
        fields,
        ref: refOf(user, mark),
        entropyBits,
        expiresAt: null,
        settlesWithinMs: SETTLES_WITHIN_MS,
        warnings,
      };
    },
    async check({ fields: { username, password } }: Credential, signal) {
      if (username === undefined || password === undefined)
        return { verdict: "unknown", detail: "it has no user or no password" };
      const url = accountUrl(
        admin,
        { ...account, user: username.reveal(), password },
        CHECK_OPTIONS,
      );
      return logIn({ url, variable: admin.variable }, signal);
    },
    async revoke(ref) {
      const ended = readRef(ref);
      if (ended === null) return;
      await inTransaction(admin, undefined, async (session) => {
        const [role] = await readRoles(session.client, [ended.user]);
        // Another mark: the user has a later password, and the one that is meant is gone already.
        if (role?.mark?.nonce === ended.nonce)
          await change(session, role, { sql: "NOLOGIN PASSWORD NULL", mark: null });
      });
    },
    async find(label) {
      const roles = await inTransaction(admin, undefined, ({ client }) => readRoles(client, users));
      return roles.flatMap(({ user, mark }) => (mark?.label === label ? [refOf(user, mark)] : []));
    },
  };
}

type Role = Slot & {
  /** What people wrote beside it; kept. */
  readonly comment: string;
};

/** One connection of the administrator's, and how far it came. */
type Session = { readonly client: Client; changing: string | null; committing: boolean };

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

/** All or nothing: until the change is being committed, whatever goes wrong is undone by the server. */
async function inTransaction<Result>(
  admin: AdminUrl,
  signal: AbortSignal | undefined,
  work: (session: Session) => Promise<Result>,
) {
  return connected(admin, signal, async (client, connecting) => {
    const session: Session = { client, changing: null, committing: false };
    try {
      await connecting;
    } catch (error) {
      throw adminNotLetIn(error, admin);
    }
    try {
      await client.query(`BEGIN; ${LIMITS}`);
      await client.query("SELECT pg_catalog.pg_advisory_xact_lock($1::bigint)", [LOCK]);
      const result = await work(session);
      session.committing = session.changing !== null;
      await client.query("COMMIT");
      return result;
    } catch (error) {
      throw error instanceof Failure ? error : failureOf(error, session, admin);
    }
  });
}

async function logIn(url: AdminUrl, signal: AbortSignal): Promise<CheckResult> {
  return connected(url, signal, async (_client, connecting) => {
    try {
      await connecting;
      return { verdict: "works", detail: null };
    } catch (error) {
      const code = codeOf(error) ?? "no code";
      if (REFUSED.includes(code))
        return { verdict: "refused", detail: `PostgreSQL refused the login (SQLSTATE ${code})` };
      return { verdict: "unknown", detail: `PostgreSQL could not be asked (${code})` };
    }
  });
}

/** Connects, and leaves no connection behind; ends when the signal says so or the time is over. */
async function connected<Result>(
  url: AdminUrl,
  signal: AbortSignal | undefined,
  work: (client: Client, connecting: Promise<unknown>) => Promise<Result>,
): Promise<Result> {
  const ending = timeLimit(SERVICE, signal);
  const socket = new Socket();
  const client = await clientOf(url, socket);
  // What goes wrong is told by the query that was under way.
  client.on("error", () => undefined);
  const cut = () => socket.destroy();
  ending.addEventListener("abort", cut, { once: true });
  try {
    return await work(client, client.connect());
  } finally {
    // The server ends the connection when it is told goodbye; if it does not, the time limit does.
    await client.end().catch(() => undefined);
    ending.removeEventListener("abort", cut);
    socket.destroy();
  }
}

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
 * What the server keeps in place of the password (RFC 5803, as PostgreSQL writes it), so that the password itself reaches
 * neither its log nor its list of running statements. Generated passwords are ASCII: SASLprep leaves them as they are.
 */
function scramVerifier(password: Secret): string {
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password.reveal(), salt, SCRAM_ROUNDS, 32, "sha256");
  const hmac = (text: string) => createHmac("sha256", salted).update(text).digest();
  const storedKey = createHash("sha256").update(hmac("Client Key")).digest("base64");
  return `SCRAM-SHA-256$${SCRAM_ROUNDS}:${salt.toString("base64")}$${storedKey}:${hmac("Server Key").toString("base64")}`;
}

function noDatabase({ variable }: AdminUrl): never {
  throw new Misconfigured("nothing says which database the users log in to", {
    code: "database-missing",
    hint: `Add "database" to the issuer, or name one at the end of the URL in ${variable}.`,
  });
}

function adminNotLetIn(error: unknown, { variable }: AdminUrl): Failure {
  const code = codeOf(error);
  if (code === "28P01" || code === "28000")
    return adminRefused(SERVICE, variable, `SQLSTATE ${code}`);
  if (code !== "3D000") return notReached(SERVICE, error, variable);
  return new Misconfigured("PostgreSQL has no database of the administrator's URL's name", {
    code: "admin-url-invalid",
    hint: `Correct the database in ${variable}.`,
  });
}

function failureOf(
  error: unknown,
  { changing, committing }: Session,
  { variable }: AdminUrl,
): Failure {
  const code = codeOf(error);
  // Also where a pooler answers for a server that it lost.
  if (committing) return cutOff(SERVICE, "it changed a password");
  const isReply = code !== null && /^[0-9A-Z]{5}$/.test(code) && !/^(?:08|57P)/.test(code);
  if (!isReply) return notReached(SERVICE, error, variable);
  if (code === "42501") {
    const role = changing === null ? "the roles" : `the role ${JSON.stringify(changing)}`;
    return new Denied(`PostgreSQL does not let the administrator change ${role} (SQLSTATE 42501)`, {
      code: "privilege-missing",
      permission: "CREATEROLE",
      hint: `Grant the user in ${variable} CREATEROLE and, from PostgreSQL 16 on, the role WITH ADMIN OPTION; a superuser's password needs a superuser.`,
    });
  }
  const hint =
    code === "25006"
      ? `This server is a replica: let ${variable} name the primary.`
      : "Nothing was changed; the server's log has the details.";
  return new Unchanged(`PostgreSQL refused to change a password (SQLSTATE ${code})`, {
    code: "service-refused",
    hint,
  });
}
