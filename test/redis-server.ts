// A real Redis server with an ACL file, and a client of its own beside the issuer's.
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createClient } from "@redis/client";
import { type Service, startService } from "./service-process.ts";

export type RedisServer = Service & {
  url(user?: string, password?: string): string;
  /** Runs one command as the administrator. */
  ask(...command: readonly string[]): Promise<unknown>;
  /** Whether that login works; the reply's first word where it does not. */
  logIn(user: string, password: string): Promise<true | string>;
  /** The server's ACL file as it stands. */
  aclFile(): Promise<string>;
};

export const ADMIN_PASSWORD = "canary/of the:redis@admin";

/** `file`: whether it keeps its users in a file; without, a restart forgets them. */
export async function startRedis({ file = true } = {}): Promise<RedisServer> {
  const service = await startService({
    user: "redis",
    start: (folder, port) => {
      const digest = createHash("sha256").update(ADMIN_PASSWORD).digest("hex");
      const kept = join(folder, "users.acl");
      writeFileSync(kept, `user default on #${digest} ~* &* +@all\n`, { mode: 0o666 });
      const flags = {
        port: String(port),
        bind: "127.0.0.1",
        dir: folder,
        save: "",
        ...(file ? { aclfile: kept } : { requirepass: ADMIN_PASSWORD }),
      };
      return [
        "redis-server",
        ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]),
      ];
    },
  });
  const url = (user = "default", password = ADMIN_PASSWORD) =>
    `redis://${encodeURIComponent(user)}:${encodeURIComponent(password)}@127.0.0.1:${service.port}`;
  // Each client of its own options would have all commands attached again, which takes longer than a login.
  const template = createClient({
    RESP: 2,
    socket: { host: "127.0.0.1", port: service.port, reconnectStrategy: false },
  });
  const connected = async <Result>(
    username: string,
    password: string,
    work: (client: typeof template) => Promise<Result>,
  ) => {
    const client = template.duplicate({ username, password }).on("error", () => undefined);
    try {
      await client.connect();
      return await work(client);
    } finally {
      if (client.isOpen) client.destroy();
    }
  };
  return {
    ...service,
    url,
    ask: (...command) =>
      connected("default", ADMIN_PASSWORD, (client) => client.sendCommand([...command])),
    logIn: (user, password) =>
      connected(user, password, async () => true as const).catch((error: unknown) =>
        String(error instanceof Error ? error.message.split(" ")[0] : ""),
      ),
    aclFile: () => readFile(join(service.folder, "users.acl"), "utf8"),
  };
}
