// MCP's own conformance client against this server, in all scenarios that suit a foreign server.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { startServer } from "../../functions/hosts/node.ts";
import { testRepository } from "../../test/git-repository.ts";

const CLIENT = fileURLToPath(
  import.meta.resolve("@modelcontextprotocol/conformance/dist/index.js"),
);
/** The other scenarios call tools, resources and prompts of a server that is made for them, or capabilities that this server lacks. */
const OURS = [
  "server-initialize",
  "ping",
  "tools-list",
  "resources-list",
  "prompts-list",
  "dns-rebinding-protection",
];

test("the conformance client finds no fault", async () => {
  const repository = await testRepository();
  const place = {
    kind: "local",
    directory: repository.directory,
    access: null,
    vaultKey: null,
  } as const;
  const compose = {
    place,
    configPath: "token_config.json",
    fingerprintKey: null,
    whenMissing: "empty",
  } as const;
  const server = await startServer({ compose, port: 0, complain: () => undefined });
  try {
    const scenario = async (name: string) => {
      const asked = ["server", "--url", `http://localhost:${server.port}/mcp`, "--scenario", name];
      const { stdout } = await promisify(execFile)(process.execPath, [CLIENT, ...asked], {
        cwd: repository.directory,
      });
      return `${name}: ${/^Passed: .*$/m.exec(stdout)?.[0]}`;
    };
    const found = [];
    for (const name of OURS) found.push(await scenario(name));
    expect(found).toEqual(
      OURS.map(
        (name) =>
          `${name}: ${name === "dns-rebinding-protection" ? "Passed: 2/2" : "Passed: 1/1"}, 0 failed, 0 warnings`,
      ),
    );
    await expect(scenario("tools-call-simple-text")).rejects.toThrow();
  } finally {
    await server.close();
    await repository.close();
  }
});
