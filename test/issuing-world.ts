// A repository on the test GitHub whose token comes from the service in files: runs, their commits and what the service then holds.
import { compose } from "../src/compose/compose.ts";
import { Secret } from "../src/core/base/secret.ts";
import type { TokenConfig, TokenDeclaration } from "../src/core/model/schema.ts";
import type { RunRequest } from "../src/core/run/request.ts";
import { DEFAULT_TOKEN, startGitHub } from "./github/server.ts";
import { keyFolder, keysDeclared } from "./key-folder.ts";

const START = new Date("2026-03-01T00:00:00Z");
const HOUR = 3_600_000;
const PATH = "token_config.json";
const REPOSITORY = "acme/widgets";

export const DUE: RunRequest = {
  wanted: { kind: "due" },
  triggeredBy: { kind: "schedule" },
  dryRun: false,
};

/** What stands in the config beside the token ALPHA, which a program in Python issues and a daily rule rotates. */
type More = {
  readonly visibility?: "public" | "private";
  readonly token?: Partial<TokenDeclaration>;
};

/** Everything in a folder of the test's own. */
export async function issuingWorld(
  directory: string,
  { visibility = "private", token = {} }: More = {},
) {
  const keys = keyFolder(directory);
  const config: TokenConfig = {
    version: 1,
    tokens: { ALPHA: { issuer: keysDeclared("python"), ...token } },
    rules: { ALPHA: { interval_hours: 24 } },
  };
  const files = { [PATH]: `${JSON.stringify(config, null, 2)}\n` };
  const github = await startGitHub({ repositories: [{ fullName: REPOSITORY, visibility, files }] });
  const repository = github.repository();
  let now = START;
  const record = (): TokenConfig => JSON.parse(repository.file(PATH) ?? "null");
  const open = () =>
    compose({
      place: {
        kind: "github",
        repository: REPOSITORY,
        branch: null,
        access: {
          token: new Secret(DEFAULT_TOKEN),
          apiUrl: github.url,
          graphqlUrl: github.graphqlUrl,
        },
      },
      configPath: PATH,
      // Without one, nothing could be proved of values whose randomness only their service knows.
      fingerprintKey: new Secret("a key for fingerprints"),
      whenMissing: "error",
      clock: () => now,
      variables: { PATH: process.env.PATH, KEYS_DIR: directory },
      programs: directory,
    });
  return {
    github,
    keys,
    record,
    state: () => record().state?.tokens?.ALPHA,
    /** Of the commits so far, what each was about, the oldest first. */
    commits: () =>
      repository
        .commits()
        .toReversed()
        .map(({ message }) => /token-automation: (\w+)/.exec(message)?.[1] ?? "a person's"),
    /** What a consumer would read, and whether the service accepts it. */
    live: () => {
      const value = repository.secret("ALPHA")?.value;
      return {
        value,
        works: value !== undefined && keys.keys().some((key) => key.value === value),
      };
    },
    labels: () =>
      keys
        .keys()
        .map(({ label }) => label)
        .toSorted(),
    /** One run, that number of hours after the start. */
    async run(hours: number, request: RunRequest = DUE) {
      now = new Date(START.getTime() + hours * HOUR);
      return (await open()).run(request);
    },
    /** What a person commits meanwhile. */
    edit(change: (config: TokenConfig) => TokenConfig): void {
      repository.commit({ [PATH]: `${JSON.stringify(change(record()), null, 2)}\n` }, "Edit");
    },
    /** The nth commit from now on is refused, and the run that made it ends there, as if it had died. */
    diesAtCommit: (nth: number) =>
      github.faults.add({
        match: { graphql: "mutation", nth },
        action: { kind: "status", status: 403, body: {} },
      }),
    /** Something happens just before the nth commit from now on. */
    beforeCommit: (nth: number, before: () => void) =>
      github.faults.add({ match: { graphql: "mutation", nth }, action: { kind: "call", before } }),
    close: () => github.close(),
  };
}

export type IssuingWorld = Awaited<ReturnType<typeof issuingWorld>>;
