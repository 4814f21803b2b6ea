// The whole program rotating one real service's credential: a record and a vault in a folder, time moved by hand.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openVault } from "../src/adapters/destinations/vault.ts";
import { compose } from "../src/compose/compose.ts";
import type { TokenConfig } from "../src/core/model/schema.ts";
import type { Report } from "../src/core/ports/report.ts";
import type { RunRequest } from "../src/core/run/request.ts";
import { temporaryFolder } from "./git-repository.ts";

const RECORD = "token_config.json";
const HOUR_MS = 3_600_000;
const DUE: RunRequest = {
  wanted: { kind: "due" },
  triggeredBy: { kind: "schedule" },
  dryRun: false,
};

export type ServiceRotation = {
  /** One run, in a process that knows nothing of those before, that many hours after the last one. */
  run(hoursLater: number): Promise<Report>;
  /** What a consumer reads. */
  read(secret: string): Promise<string>;
  record(): Promise<TokenConfig>;
  close(): Promise<void>;
};

/** The token DATABASE, due each hour, its credentials overlapping for one. Its `url` is the secret DATABASE_URL, its `value` DATABASE_PASSWORD. */
export async function startRotation(
  issuer: unknown,
  variables: Readonly<Record<string, string>>,
): Promise<ServiceRotation> {
  const { path: directory, close } = await temporaryFolder();
  let now = Date.parse("2026-01-01T00:00:00Z");
  const clock = () => new Date(now);
  const secret = { DATABASE_URL: "url", DATABASE_PASSWORD: "value" };
  const token = {
    issuer,
    destinations: [{ to: "vault", secret }],
    overlap_hours: 1,
    proof: "none",
  };
  const config = {
    version: 1,
    tokens: { DATABASE: token },
    rules: { DATABASE: { interval_hours: 1 } },
  };
  await writeFile(join(directory, RECORD), `${JSON.stringify(config, null, 2)}\n`);
  const place = { kind: "local", directory, access: null, vaultKey: null } as const;
  return {
    async run(hoursLater) {
      now += hoursLater * HOUR_MS;
      const app = await compose({
        place,
        configPath: RECORD,
        fingerprintKey: null,
        whenMissing: "error",
        clock,
        variables,
      });
      return app.run(DUE);
    },
    async read(name) {
      const value = await openVault({ directory, key: null, now: clock }).get(name);
      if (value === null) throw new Error(`the vault has no ${name}`);
      return value.reveal();
    },
    record: async () => JSON.parse(await readFile(join(directory, RECORD), "utf8")),
    close,
  };
}

/**
 * Logs in again and again, each time with what it reads then. `lap` resolves when a login that began after the call has ended,
 * so that none lasts for two rotations; `stop` gives how many there were, and what any of them failed with.
 */
export function startConsumer(
  read: () => Promise<string>,
  logIn: (secret: string) => Promise<true | string>,
) {
  const failures: string[] = [];
  let [logins, isStopped] = [0, false];
  let waiting: (() => void)[] = [];
  const loop = async () => {
    while (!isStopped) {
      const woken = waiting;
      waiting = [];
      const answer = await logIn(await read());
      logins += 1;
      if (answer !== true) failures.push(`login ${logins}: ${answer}`);
      for (const wake of woken) wake();
    }
  };
  const running = loop();
  return {
    lap: () => Promise.race([running, new Promise<void>((resolve) => waiting.push(resolve))]),
    async stop() {
      isStopped = true;
      await running;
      return { logins, failures };
    },
  };
}
