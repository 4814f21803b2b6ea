// The tests' GitHub in a process of its own, so that it does not share the measured program's thread.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { DEFAULT_REPOSITORY, DEFAULT_TOKEN } from "../test/github/server.ts";

const MAIN = fileURLToPath(new URL("../test/github/main.ts", import.meta.url));
export const ACTION = fileURLToPath(new URL("../action/dist/main.js", import.meta.url));

/** A config of `count` tokens that are due at once. */
export function dueConfig(count: number): string {
  const names = Array.from({ length: count }, (_, index) => `SECRET_${index}`);
  const tokens = Object.fromEntries(names.map((name) => [name, { type: "api_key" }]));
  const rules = Object.fromEntries(names.map((name) => [name, { interval_hours: 24 }]));
  return `${JSON.stringify({ version: 1, tokens, rules }, null, 2)}\n`;
}

export type Server = {
  readonly url: string;
  requests(): Promise<
    readonly { readonly method: string; readonly path: string; readonly inFlight: number }[]
  >;
  forget(): Promise<void>;
  stop(): Promise<void>;
};

export async function startServer(config: string, latencyMs = 0): Promise<Server> {
  const options = {
    latencyMs,
    repositories: [{ fullName: DEFAULT_REPOSITORY, files: { "token_config.json": config } }],
  };
  const child = spawn(process.execPath, [MAIN], {
    env: { ...process.env, TEST_GITHUB_OPTIONS: JSON.stringify(options) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(createInterface(child.stdout), "line");
  const { url } = JSON.parse(String(line));
  return {
    url,
    requests: async () => (await (await fetch(`${url}/_test/requests`)).json()).requests,
    forget: async () => void (await fetch(`${url}/_test/requests`, { method: "DELETE" })),
    async stop() {
      const ended = once(child, "close");
      child.kill();
      const [code] = await ended;
      if (code !== 0) throw new Error(`the tests' GitHub ended with ${code}`);
    },
  };
}

/** The environment that a runner gives the Action. `url` is the server's. */
export function actionEnvironment(url: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    "INPUT_GITHUB-TOKEN": DEFAULT_TOKEN,
    GITHUB_REPOSITORY: DEFAULT_REPOSITORY,
    GITHUB_EVENT_NAME: "schedule",
    GITHUB_RUN_ID: "1",
    GITHUB_API_URL: url,
    GITHUB_GRAPHQL_URL: `${url}/graphql`,
    GITHUB_OUTPUT: "/dev/null",
  };
}
