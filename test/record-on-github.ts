// A record in a repository of the tests' GitHub, and apps over it that share a clock which the test moves.
import { afterEach } from "vitest";
import { type ComposeOptions, compose } from "../src/compose/compose.ts";
import type { App } from "../src/core/app.ts";
import { Secret } from "../src/core/base/secret.ts";
import type {
  HistoryEntry,
  PendingState,
  TokenConfig,
  TokenState,
} from "../src/core/model/schema.ts";
import type { TestRepository } from "./github/repository.ts";
import { DEFAULT_TOKEN, startGitHub, type TestGitHub } from "./github/server.ts";
import { entriesIn } from "./record-history.ts";

export const NOW = new Date("2026-03-01T00:00:00Z");
const PATH = "token_config.json";
const REPOSITORY = "acme/widgets";

export type RecordOnGitHub = {
  readonly github: TestGitHub;
  readonly repository: TestRepository;
  /** A new app, as another run would have it. */
  readonly open: (options?: Partial<ComposeOptions>) => Promise<App>;
  readonly record: () => TokenConfig;
  /** The entries of the history, the oldest first. */
  readonly history: () => HistoryEntry[];
  readonly state: (name?: string) => TokenState | undefined;
  /** Every pending part that was ever committed for the token, the newest first. */
  readonly journals: (name: string) => PendingState[];
  /** Commits a change of the record as a person would. */
  readonly edit: (change: (config: TokenConfig) => TokenConfig) => void;
  /** Sets the clock to that number of milliseconds after `NOW`. */
  readonly passed: (ms: number) => void;
};

/** Starts one for a test file's tests; each ends with its test. */
export function recordsOnGitHub(): (
  config: unknown,
  visibility?: "public" | "private",
) => Promise<RecordOnGitHub> {
  const servers: TestGitHub[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });
  return async (config, visibility = "private") => {
    const files = { [PATH]: `${JSON.stringify(config, null, 2)}\n` };
    const github = await startGitHub({
      repositories: [{ fullName: REPOSITORY, visibility, files }],
    });
    servers.push(github);
    return over(github);
  };
}

function over(github: TestGitHub): RecordOnGitHub {
  let now = NOW;
  const access = {
    token: new Secret(DEFAULT_TOKEN),
    apiUrl: github.url,
    graphqlUrl: github.graphqlUrl,
  };
  const place = { kind: "github", repository: REPOSITORY, branch: null, access } as const;
  const open: RecordOnGitHub["open"] = (options = {}) =>
    compose({
      place,
      configPath: PATH,
      fingerprintKey: null,
      whenMissing: "error",
      clock: () => now,
      ...options,
    });
  const repository = github.repository();
  const record = (): TokenConfig => JSON.parse(repository.file(PATH) ?? "null");
  return {
    github,
    repository,
    open,
    record,
    history: () => entriesIn(repository.files()),
    state: (name = "ALPHA") => record().state?.tokens?.[name],
    journals: (name) =>
      repository
        .history(PATH)
        .flatMap(({ content }) => JSON.parse(content ?? "{}").state?.tokens?.[name]?.pending ?? []),
    edit: (change) =>
      void repository.commit(
        { [PATH]: `${JSON.stringify(change(record()), null, 2)}\n` },
        "Edit by hand",
      ),
    passed(ms) {
      now = new Date(NOW.getTime() + ms);
    },
  };
}
