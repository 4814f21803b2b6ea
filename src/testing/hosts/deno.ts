// Deno as it runs here: the task of deno.json, in a process of its own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { temporaryFolder } from "../git-repository.ts";
import { ROOT } from "../pages.ts";
import { forwardTo, type RunningHost } from "./contract.ts";

const DENO = `${ROOT}node_modules/.bin/deno`;

/** Starts `deno serve` with the flags of the task and nothing from the network, on a free port. */
export async function startDeno(environment: Readonly<Record<string, string>>): Promise<RunningHost> {
  const { tasks } = JSON.parse(await readFile(`${ROOT}deno.json`, "utf8"));
  const [program, command, ...rest] = String(tasks.serve).split(" ");
  if (program !== "deno" || command !== "serve") throw new Error("deno.json's task does not run `deno serve`");
  const home = await temporaryFolder();
  const child = spawn(DENO, [command, "--cached-only", "--host", "127.0.0.1", "--port", "0", ...rest], {
    cwd: ROOT,
    env: { ...environment, DENO_DIR: home.path, NO_COLOR: "1" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(child, "close");
  const said: string[] = [];
  const origin = await new Promise<string>((resolve, reject) => {
    createInterface(child.stderr).on("line", (line) => {
      said.push(line);
      const [, url] = /Listening on (http:\/\/\S+?)\/?(?: |$)/.exec(line) ?? [];
      if (url !== undefined) resolve(url);
    });
    child.once("close", () => reject(new Error(`deno ended: ${said.join("\n")}`)));
  });
  return {
    fetch: forwardTo(origin),
    async close() {
      child.kill();
      await ended;
      await home.close();
    },
  };
}
