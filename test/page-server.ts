// The page over real sockets: a record in a temporary git repository, for callers without keys on this machine, or with keys as on a host.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { startServer } from "../functions/hosts/node.ts";
import type { HistoryEntry, TokenConfig } from "../src/core/model/schema.ts";
import { filesOfEntries } from "../src/core/record/history.ts";
import { readApiKeys } from "../src/http/access/environment.ts";
import { testRepository } from "./git-repository.ts";
import { NOW } from "./page-records.ts";
import { entriesInFolder, historyState } from "./record-history.ts";

export type PageServer = Awaited<ReturnType<typeof pageServer>>;

/**
 * Close it.
 * @param keys each with its scopes; with any, callers need one
 */
export async function pageServer(
  config: TokenConfig,
  keys: Readonly<Record<string, readonly string[]>> = {},
  history: readonly HistoryEntry[] = [],
) {
  const repository = await testRepository();
  for (const [path, text] of filesOfEntries("token_config.json", history))
    await repository.write(path, text);
  await repository.git("add", "--all");
  const state = { ...config.state, history: historyState(history) };
  await repository.commit(
    "token_config.json",
    `${JSON.stringify({ ...config, state }, null, 2)}\n`,
  );
  const place = {
    kind: "local",
    directory: repository.directory,
    access: null,
    vaultKey: null,
  } as const;
  const hosted = Object.keys(keys).length > 0;
  const declared = Object.entries(keys).map(([key, scopes], index) => ({
    id: `key-${index}`,
    sha256: createHash("sha256").update(key).digest("hex"),
    scopes,
  }));
  const complaints: string[] = [];
  const server = await startServer({
    compose: {
      place,
      configPath: "token_config.json",
      fingerprintKey: null,
      whenMissing: "empty",
      clock: () => NOW,
    },
    port: 0,
    complain: (line) => complaints.push(line),
    // Keys are asked for wherever others could reach it.
    ...(hosted
      ? {
          host: "0.0.0.0",
          apiKeys: readApiKeys({ TOKEN_AUTOMATION_API_KEYS: JSON.stringify(declared) }),
        }
      : {}),
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    complaints,
    record: async (): Promise<TokenConfig> =>
      JSON.parse(await readFile(join(repository.directory, "token_config.json"), "utf8")),
    history: () => entriesInFolder(repository.directory),
    /** A commit of another person in the meantime, right or wrong. */
    replace: (other: object) => repository.commit("token_config.json", JSON.stringify(other)),
    async close() {
      await server.close();
      await repository.close();
    },
  };
}
