// Routes over a record in a temporary git repository, called without a socket, with a clock that tests set.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { compose } from "../src/compose/compose.ts";
import { testRepository } from "./git-repository.ts";
import { caller, TEST_PORT } from "./http.ts";
import { entriesInFolder } from "./record-history.ts";

export type LocalHost = Awaited<ReturnType<typeof localHost>>;

/** Starts at that time. Close it. */
export async function localHost(start: Date) {
  const repository = await testRepository();
  let now = start;
  const place = {
    kind: "local",
    directory: repository.directory,
    access: null,
    vaultKey: null,
  } as const;
  const { ask, said, edge } = caller({
    access: { kind: "loopback", port: TEST_PORT },
    app: () =>
      compose({
        place,
        configPath: "token_config.json",
        fingerprintKey: null,
        whenMissing: "empty",
        clock: () => now,
      }),
    fingerprintKey: () => null,
    now: () => now,
    newReference: () => "reference-1",
  });
  return {
    ask,
    said,
    edge,
    repository,
    setNow(later: Date) {
      now = later;
    },
    /** The record as the file holds it. */
    record: async () =>
      JSON.parse(await readFile(join(repository.directory, "token_config.json"), "utf8")),
    /** The entries of the history, the oldest first. */
    history: () => entriesInFolder(repository.directory),
    /** How many commits there are. */
    commits: async () => (await repository.git("rev-list", "--count", "HEAD")).trim(),
    close: repository.close,
  };
}
