// The tests' GitHub judged by `gh`, a client not written here.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { toolAvailable } from "../require-tool.ts";
import { environmentForGh } from "./gh.ts";
import { startGitHub, type TestGitHub } from "./server.ts";

let github: TestGitHub;
let folder: string;
beforeEach(async () => {
  github = await startGitHub();
  folder = mkdtempSync(join(tmpdir(), "gh-"));
});
afterEach(async () => {
  rmSync(folder, { recursive: true });
  await github.close();
});

const gh = async (args: string[], token?: string) => {
  const env = environmentForGh(github.url, folder, token);
  return (await promisify(execFile)("gh", args, { env, cwd: folder })).stdout;
};

describe.skipIf(!toolAvailable("gh"))("gh", () => {
  test("sets, lists and deletes secrets, and their boxes open to the values given", async () => {
    await gh(["secret", "set", "api_key", "--body", "s3cr3t-välue-✓", "-R", "acme/widgets"]);
    writeFileSync(join(folder, "several.env"), "FIRST=1\nSECOND='two words'\nTHIRD=x=y\n");
    await gh(["secret", "set", "-f", "several.env", "-R", "acme/widgets"]);
    const value = (name: string) => github.repository().secret(name)?.value;
    expect(["API_KEY", "FIRST", "SECOND", "THIRD"].map(value)).toEqual([
      "s3cr3t-välue-✓",
      "1",
      "two words",
      "x=y",
    ]);
    const listed = await gh(["secret", "list", "-R", "acme/widgets"]);
    expect(
      listed
        .trim()
        .split("\n")
        .map((line) => line.split("\t")[0]),
    ).toEqual(["API_KEY", "FIRST", "SECOND", "THIRD"]);
    await gh(["secret", "delete", "FIRST", "-R", "acme/widgets"]);
    expect(github.repository().secrets()).toEqual(["API_KEY", "SECOND", "THIRD"]);
    expect(
      github.requests
        .map(({ status }) => status)
        .filter((status) => status === null || status >= 300),
    ).toEqual([]);
  });

  test("sets secrets of environments, organizations and Dependabot, each sealed for its own key", async () => {
    const repository = github.repository();
    await repository.addEnvironment("production");
    await github.addRepository({ fullName: "acme/gadgets" });
    const { secrets, readers } = github.organization();
    const here = ["-R", "acme/widgets"];
    await gh([
      "secret",
      "set",
      "ENV_KEY",
      "--body",
      "of-environment",
      "--env",
      "production",
      ...here,
    ]);
    await gh([
      "secret",
      "set",
      "BOT_KEY",
      "--body",
      "of-dependabot",
      "--app",
      "dependabot",
      ...here,
    ]);
    await gh([
      "secret",
      "set",
      "ORG_KEY",
      "--body",
      "of-organization",
      "--org",
      "acme",
      "--visibility",
      "all",
    ]);
    await gh(["secret", "set", "PRIVATE_KEY", "--body", "private", "--org", "acme"]);
    await gh([
      "secret",
      "set",
      "SOME_KEY",
      "--body",
      "for-some",
      "--org",
      "acme",
      "--repos",
      "gadgets,widgets",
    ]);
    await gh([
      "secret",
      "set",
      "SOME_KEY",
      "--body",
      "for-bots",
      "--org",
      "acme",
      "--app",
      "dependabot",
      "--repos",
      "gadgets",
    ]);
    expect(repository.environment("production").get("ENV_KEY")?.value).toBe("of-environment");
    expect(repository.secretsOf.dependabot.get("BOT_KEY")?.value).toBe("of-dependabot");
    expect(
      ["ORG_KEY", "PRIVATE_KEY", "SOME_KEY"].map((name) => secrets.actions.get(name)?.value),
    ).toEqual(["of-organization", "private", "for-some"]);
    expect(secrets.dependabot.get("SOME_KEY")?.value).toBe("for-bots");
    expect(Object.fromEntries(readers.actions)).toEqual({
      ORG_KEY: { visibility: "all", selected: [] },
      PRIVATE_KEY: { visibility: "private", selected: [] },
      SOME_KEY: {
        visibility: "selected",
        selected: expect.toSatisfy((ids: number[]) => ids.toSorted().join() === "1,2"),
      },
    });
    expect(readers.dependabot.get("SOME_KEY")).toEqual({ visibility: "selected", selected: [2] });
    expect(await gh(["secret", "list", "--env", "production", ...here])).toMatch(/^ENV_KEY\t/);
    expect(await gh(["secret", "list", "--org", "acme"])).toMatch(/SOME_KEY\t.*SELECTED/i);
  });

  test("is refused as it expects to be", async () => {
    github.addToken({ token: "ghs_job", kind: "github_token" });
    const set = (name: string, token?: string) =>
      gh(["secret", "set", name, "--body", "v", "-R", "acme/widgets"], token);
    await expect(set("GITHUB_KEY")).rejects.toThrow(
      "HTTP 422: Secret names must not start with GITHUB_.",
    );
    await expect(set("KEY", "ghs_job")).rejects.toThrow(
      "HTTP 403: Resource not accessible by integration",
    );
    await expect(set("KEY", "ghs_nobody")).rejects.toThrow("HTTP 401: Bad credentials");
  });

  test("reads through REST and GraphQL", async () => {
    expect(await gh(["api", "repos/acme/widgets", "--jq", ".full_name"])).toBe("acme/widgets\n");
    expect(
      JSON.parse(await gh(["repo", "view", "acme/widgets", "--json", "nameWithOwner,isPrivate"])),
    ).toEqual({
      nameWithOwner: "acme/widgets",
      isPrivate: true,
    });
    expect(
      await gh(["api", "graphql", "-f", "query={viewer{login}}", "--jq", ".data.viewer.login"]),
    ).toBe("token-automation[bot]\n");
  });
});
