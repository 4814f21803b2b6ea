// A real PostgreSQL server whose log has every statement, and psql's view of it through a client of its own.
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { type Service, startService } from "./service-process.ts";

export type PostgresServer = Service & {
  /** The superuser's URL; in a URL of another user the name and password are to be encoded. */
  url(user?: string, password?: string): string;
  /** Runs statements as the superuser. */
  query(sql: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  /** Whether that login works; the SQLSTATE where it does not. */
  logIn(user: string, password: string): Promise<true | string>;
};

const SUPERUSER = "root-admin";
export const SUPERUSER_PASSWORD = "canary/of the:super@user";

/** Debian keeps the server's programs outside PATH, by version. */
const binaries = () => {
  const root = "/usr/lib/postgresql";
  const versions = existsSync(root)
    ? readdirSync(root).sort((one, other) => Number(other) - Number(one))
    : [];
  return versions[0] === undefined ? "" : `${join(root, versions[0], "bin")}/`;
};

export async function startPostgres(): Promise<PostgresServer> {
  const service = await startService({
    user: "postgres",
    prepare: (folder) => {
      writeFileSync(join(folder, "password"), SUPERUSER_PASSWORD, { mode: 0o644 });
      const auth = [
        "--auth=scram-sha-256",
        `--username=${SUPERUSER}`,
        `--pwfile=${join(folder, "password")}`,
      ];
      return [
        `${binaries()}initdb`,
        "--no-sync",
        "--encoding=UTF8",
        "--locale=C",
        ...auth,
        join(folder, "data"),
      ];
    },
    start: (folder, port) => {
      const settings = {
        port,
        listen_addresses: "127.0.0.1",
        unix_socket_directories: folder,
        fsync: "off",
        log_statement: "all",
      };
      return [
        `${binaries()}postgres`,
        "-D",
        join(folder, "data"),
        ...Object.entries(settings).flatMap((entry) => ["-c", entry.join("=")]),
      ];
    },
  });
  const url = (user = SUPERUSER, password = SUPERUSER_PASSWORD) =>
    `postgres://${encodeURIComponent(user)}:${encodeURIComponent(password)}@127.0.0.1:${service.port}/postgres`;
  const query = async (sql: string, values: readonly unknown[] = []) => {
    const client = new pg.Client(url());
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql, [...values])).rows;
    } finally {
      await client.end();
    }
  };
  const logIn = async (user: string, password: string) => {
    const client = new pg.Client({
      host: "127.0.0.1",
      port: service.port,
      database: "postgres",
      user,
      password,
    });
    client.on("error", () => undefined);
    try {
      await client.connect();
      return true;
    } catch (error) {
      return error instanceof Error && "code" in error ? String(error.code) : "no code";
    } finally {
      await client.end();
    }
  };
  await untilReady(logIn);
  return { ...service, url, query, logIn };
}

/** It listens a moment before it lets anybody in. */
async function untilReady(logIn: PostgresServer["logIn"]): Promise<void> {
  for (;;) {
    const answer = await logIn(SUPERUSER, SUPERUSER_PASSWORD);
    if (answer === true) return;
    if (answer !== "57P03") throw new Error(`PostgreSQL does not let its superuser in (${answer})`);
  }
}
