// A process with two servers: the API over a local record, and a bare one that gives the same bytes. Prints their addresses.
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { startServer } from "../functions/hosts/node.ts";
import { testRepository } from "../test/git-repository.ts";
import { dueConfig } from "./server.ts";

const TOKENS = 10;

const repository = await testRepository();
await writeFile(join(repository.directory, "token_config.json"), dueConfig(TOKENS));
const place = {
  kind: "local",
  directory: repository.directory,
  access: null,
  vaultKey: null,
} as const;
const ours = await startServer({
  compose: { place, configPath: "token_config.json", fingerprintKey: null, whenMissing: "error" },
  port: 0,
});
const answer = await fetch(new URL("/tokens/health", ours.url));
// As text, which Node writes faster than bytes.
const body = await answer.text();
const headers = Object.fromEntries(
  [...answer.headers].filter(([name]) => !["connection", "date", "keep-alive"].includes(name)),
);
const bare = createServer((_request, response) =>
  response.writeHead(answer.status, headers).end(body),
);
bare.listen(0, "127.0.0.1", () => {
  const address = bare.address();
  if (address === null || typeof address === "string")
    throw new Error("the bare server has no port");
  console.log(JSON.stringify({ ours: ours.url, bare: `http://127.0.0.1:${address.port}` }));
});
process.once("SIGTERM", async () => {
  await repository.close();
  process.exit();
});
