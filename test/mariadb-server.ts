// A real MariaDB server whose log has every statement, and a client of its own beside the issuer's.
import { join } from "node:path";
import { createConnection } from "mysql2/promise";
import { type Service, startService } from "./service-process.ts";

export type MariaDbServer = Service & {
  url(user?: string, password?: string): string;
  /** Runs one statement as the superuser. */
  query(sql: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  /** Whether that login works; the server's code where it does not. */
  logIn(user: string, password: string): Promise<true | string>;
};

const SUPERUSER = "super-admin";
export const SUPERUSER_PASSWORD = "canary/of the:maria@db";

export async function startMariaDb(): Promise<MariaDbServer> {
  const service = await startService({
    user: "mysql",
    prepare: (folder) => [
      "mariadb-install-db",
      "--no-defaults",
      `--datadir=${join(folder, "data")}`,
      "--auth-root-authentication-method=normal",
      "--skip-test-db",
    ],
    start: (folder, port) => {
      const settings = {
        datadir: join(folder, "data"),
        socket: join(folder, "socket"),
        "pid-file": join(folder, "pid"),
        port,
        "bind-address": "127.0.0.1",
        "general-log": 1,
        "general-log-file": join(folder, "log"),
        "innodb-flush-log-at-trx-commit": 0,
        "innodb-buffer-pool-size": "16M",
      };
      return [
        "/usr/sbin/mariadbd",
        "--no-defaults",
        ...Object.entries(settings).map(([name, value]) => `--${name}=${value}`),
      ];
    },
  });
  const connect = (user: string, password: string) =>
    createConnection({ host: "127.0.0.1", port: service.port, user, password });
  const queryAs = async (
    user: string,
    password: string,
    sql: string,
    values: readonly unknown[] = [],
  ) => {
    const connection = await connect(user, password);
    try {
      const [rows] = await connection.query(sql, [...values]);
      return Array.isArray(rows) ? rows.map((row) => ({ ...row })) : [];
    } finally {
      connection.destroy();
    }
  };
  await queryAs("root", "", "CREATE USER ?@'%' IDENTIFIED BY ?", [SUPERUSER, SUPERUSER_PASSWORD]);
  await queryAs("root", "", "GRANT ALL ON *.* TO ?@'%' WITH GRANT OPTION", [SUPERUSER]);
  return {
    ...service,
    url: (user = SUPERUSER, password = SUPERUSER_PASSWORD) =>
      `mysql://${encodeURIComponent(user)}:${encodeURIComponent(password)}@127.0.0.1:${service.port}/`,
    query: (sql, values) => queryAs(SUPERUSER, SUPERUSER_PASSWORD, sql, values),
    async logIn(user, password) {
      try {
        (await connect(user, password)).destroy();
        return true;
      } catch (error) {
        return error instanceof Error && "code" in error ? String(error.code) : "no code";
      }
    },
  };
}
