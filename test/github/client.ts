// A client for the tests' GitHub, in a hurry: a second of waiting lasts a millisecond.
import {
  createGitHubClient,
  type GitHubClient,
  type GitHubClientOptions,
} from "../../src/adapters/github/client.ts";
import { Secret } from "../../src/core/base/secret.ts";
import { DEFAULT_TOKEN, type TestGitHub } from "./server.ts";

/** Real in everything but its waits. */
export function testClient(
  github: TestGitHub,
  options: Partial<GitHubClientOptions> = {},
): Promise<GitHubClient> {
  return createGitHubClient({
    token: new Secret(DEFAULT_TOKEN),
    apiUrl: github.url,
    graphqlUrl: github.graphqlUrl,
    secondMs: 1,
    ...options,
  });
}
