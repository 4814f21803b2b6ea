// The issuer of Redis passwords. An ACL user's new password works beside the old one, which is removed after the overlap.
import { createHash } from "node:crypto";
import { Misconfigured, Uncertain } from "../../core/base/errors.ts";
import type { Secret } from "../../core/base/secret.ts";
import type { Issuer } from "../../core/ports/issuer.ts";
import {
  type AdminUrl,
  requireAdminUrl,
  requireNumberedDatabase,
  withoutDatabase,
} from "./connection-url.ts";
import {
  adminRefused,
  asAdmin,
  codeOf,
  type Database,
  type Progress,
  passwordIssuer,
  rightMissing,
} from "./database.ts";

export type RedisOptions = {
  /** An administrator's `redis://` or `rediss://` URL. */
  readonly admin: AdminUrl;
  /** The ACL user whose password it is. */
  readonly user: string;
  /** The parts of the consumers' URL. A part left out is as in the administrator's. */
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly database?: number | undefined;
  /** Whether passwords may be kept in memory alone, so that a restart of the server forgets them. */
  readonly volatile: boolean;
};

const CONNECT_MS = 10_000;
/** Redis keeps plain SHA-256 digests of passwords, so guessing must be out of reach. NIST SP 800-57 part 1, table 4. */
const MIN_BITS = 128;
/** A user that cannot log in stands beside each password, and its name is the password's mark: `token-automation:<digest>:<label>`. */
const MARK = /^token-automation:([0-9a-f]{64}):(\S+)$/;
/** The first words of refused logins: wrong password, no right to the database, no password at all. */
const REFUSED = ["WRONGPASS", "NOPERM", "NOAUTH"];
const REF = /^([0-9a-f]{64}):(.+)$/s;

/** Opens the issuer without a request to the server. Throws `Misconfigured`: `admin-url-invalid`. */
export function redisIssuer(options: RedisOptions): Issuer {
  const { admin, user, volatile } = options;
  requireAdminUrl(admin, ["redis", "rediss"]);
  requireNumberedDatabase(admin);
  const database = options.database === undefined ? undefined : String(options.database);
  const place = { host: options.host, port: options.port, database };
  const server = { admin: withoutDatabase(admin) };
  return passwordIssuer({
    database: REDIS,
    admin,
    place,
    consumerOptions: [],
    checkOptions: [],
    settlesWithinMs: 0,
    async give(password, { label, tokenName, signal }, entropyBits) {
      if (entropyBits < MIN_BITS) throw tooWeak(tokenName, entropyBits);
      const digest = digestOf(password);
      await asAdmin(REDIS, { ...server, signal }, async (session) => {
        if (!volatile) await requireAclFile(session);
        requireUsable(user, await readUser(session, user), await session.ask("ACL", "WHOAMI"));
        await changeAcl(session, volatile, [
          ["ACL", "SETUSER", `token-automation:${digest}:${label}`, "reset"],
          // The digest, not the password. A value that is not sent can be in no log.
          ["ACL", "SETUSER", user, `#${digest}`],
        ]);
      });
      return { user, ref: `${digest}:${user}` };
    },
    async revoke(ref) {
      const [, digest, owner] = REF.exec(ref) ?? [];
      if (digest === undefined || owner === undefined) return;
      await asAdmin(REDIS, server, async (session) => {
        const has = (await readUser(session, owner))?.passwords.includes(digest) ?? false;
        const marks = (await readMarks(session))
          .filter((mark) => mark.digest === digest)
          .map(({ name }) => name);
        const commands = [
          ...(has ? [["ACL", "SETUSER", owner, `!${digest}`]] : []),
          ...(marks.length > 0 ? [["ACL", "DELUSER", ...marks]] : []),
        ];
        // Saved even if the server's memory has lost it already, since its file may still have it.
        if (commands.length > 0 || !volatile) await changeAcl(session, volatile, commands);
      });
    },
    async find(label) {
      return asAdmin(REDIS, server, async (session) => {
        const passwords = (await readUser(session, user))?.passwords ?? [];
        const marked = (await readMarks(session)).filter((mark) => mark.label === label);
        return marked.flatMap(({ digest }) =>
          passwords.includes(digest) ? [`${digest}:${user}`] : [],
        );
      });
    },
  });
}

/** One connection. */
type Session = Progress & {
  ask(...command: readonly string[]): Promise<unknown>;
  /** Runs all commands or none, if the server lets the administrator run each. */
  askTogether(commands: readonly (readonly string[])[]): Promise<unknown>;
};

type User = { readonly flags: readonly string[]; readonly passwords: readonly string[] };

/** The reply of `ACL GETUSER`. Null if there is no such user. */
async function readUser(session: Session, user: string): Promise<User | null> {
  const reply = await session.ask("ACL", "GETUSER", user);
  if (!Array.isArray(reply)) return null;
  const listAfter = (key: string) => {
    const list: unknown = reply[reply.indexOf(key) + 1];
    return Array.isArray(list) ? list.map(String) : [];
  };
  return { flags: listAfter("flags"), passwords: listAfter("passwords") };
}

async function readMarks(
  session: Session,
): Promise<{ name: string; digest: string; label: string }[]> {
  const users = await session.ask("ACL", "USERS");
  return (Array.isArray(users) ? users.map(String) : []).flatMap((name) => {
    const [, digest, label] = MARK.exec(name) ?? [];
    return digest === undefined || label === undefined ? [] : [{ name, digest, label }];
  });
}

/** Makes all changes or none, and saves them to the server's file. A server may fail to write its file. */
async function changeAcl(
  session: Session,
  volatile: boolean,
  commands: readonly (readonly string[])[],
): Promise<void> {
  session.mayBeDone = true;
  await session.askTogether(volatile ? commands : [...commands, ["ACL", "SAVE"]]);
}

const REDIS: Database<Session> = {
  name: "Redis",
  async connect({ url }) {
    const { createClient } = await import("@redis/client");
    const client = createClient({
      url: url.reveal(),
      RESP: 2,
      disableClientInfo: true,
      maintNotifications: "disabled",
      socket: { connectTimeout: CONNECT_MS, reconnectStrategy: false },
    });
    // The command that was under way reports the error.
    client.on("error", () => undefined);
    const ending = new AbortController();
    // The client does not end a connection that is only being made, and would wait for its answer for ever.
    client.on("connect", () => ending.signal.aborted && client.destroy());
    const cut = new Promise<never>((_, reject) =>
      ending.signal.addEventListener("abort", () => reject(new Error("cut"))),
    );
    cut.catch(() => client.destroy());
    const session: Session = {
      mayBeDone: false,
      ask: (...command) => client.sendCommand([...command]),
      askTogether: (commands) =>
        commands.reduce((multi, command) => multi.addCommand([...command]), client.multi()).exec(),
    };
    return {
      ready: Promise.race([client.connect(), cut]).then(() => session),
      cut: () => ending.abort(),
      async close() {
        if (client.isOpen) client.destroy();
      },
    };
  },
  /** The first word of a refusal, which says its kind. */
  replyOf(error) {
    if (!(error instanceof Error) || codeOf(error) !== null) return null;
    return /^([A-Z]{3,20})(?: |$)/.exec(error.message)?.[1] ?? null;
  },
  refusalOf: (error) => (REFUSED.includes(REDIS.replyOf(error) ?? "") ? "account" : null),
  explain(error, _session, variable) {
    const reply = REDIS.replyOf(error);
    if (reply === "NOAUTH") return adminRefused(REDIS.name, reply, variable);
    if (reply === "NOPERM" && error instanceof Error) {
      // The server refused it when it was queued, so nothing of the transaction was done.
      const command = /'([a-z|-]+)' command/.exec(error.message)?.[1] ?? "acl";
      return rightMissing(REDIS.name, `run ${command.replace("|", " ").toUpperCase()}`, {
        permission: `+${command}`,
        hint: `Grant the user in ${variable} +${command}. The issuer's page lists all that it needs.`,
      });
    }
    if (!(error instanceof Error && "errorIndexes" in error)) return null;
    return new Uncertain("Redis changed its users, but could not write them to its ACL file", {
      code: "acl-not-saved",
      hint: "Check that the server can write the file that its aclfile names. The next run removes this password and tries again.",
    });
  },
};

function digestOf(password: Secret): string {
  return createHash("sha256").update(password.reveal(), "utf8").digest("hex");
}

async function requireAclFile(session: Session): Promise<void> {
  const reply = await session.ask("CONFIG", "GET", "aclfile");
  if (Array.isArray(reply) && String(reply[1] ?? "") !== "") return;
  throw new Misconfigured(
    "this Redis server keeps no ACL file, so a restart would forget the new password",
    {
      code: "acl-not-kept",
      hint: 'Set "aclfile" in its redis.conf. If that is intended, declare "volatile": true.',
    },
  );
}

function requireUsable(user: string, found: User | null, self: unknown): void {
  const name = JSON.stringify(user);
  const refuse = (code: string, message: string, hint: string) =>
    new Misconfigured(message, { code, hint });
  if (found === null)
    throw refuse(
      "user-missing",
      `Redis has no user ${name}`,
      "Create it with the rights that the application needs.",
    );
  if (self === user)
    throw refuse(
      "user-is-admin",
      `the user ${name} is the administrator itself`,
      "Name the application's user.",
    );
  if (found.flags.includes("nopass")) {
    throw refuse(
      "user-open",
      `the user ${name} logs in without a password, and a rotation would require one at once`,
      "Give a first password to it and to its consumers.",
    );
  }
  if (!found.flags.includes("on"))
    throw refuse("user-off", `the user ${name} is off`, "Let it log in: ACL SETUSER … on.");
}

function tooWeak(tokenName: string, bits: number): Misconfigured {
  const message = `a password of ${Math.floor(bits)} bits is too weak for ${tokenName}, because Redis keeps plain digests, which can be guessed`;
  return new Misconfigured(message, {
    code: "password-too-weak",
    hint: `Ask for a length with at least ${MIN_BITS} bits, such as 32 characters.`,
  });
}
