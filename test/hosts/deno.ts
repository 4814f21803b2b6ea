// Deno as it runs here: the command of docs/hosts.md, in a process of its own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { temporaryFolder } from "../git-repository.ts";
import { ROOT } from "../pages.ts";
import { forwardTo, type RunningHost } from "./contract.ts";

const DENO = `${ROOT}tools/node_modules/.bin/deno`;

/** Starts Deno as the docs say, but with nothing from the network, and on a free port. */
export async function startDeno(
  environment: Readonly<Record<string, string>>,
): Promise<RunningHost> {
  const [, line] = /^deno (serve .+)$/m.exec(await readFile(`${ROOT}docs/hosts.md`, "utf8")) ?? [];
  if (line === undefined) throw new Error("docs/hosts.md does not say how Deno serves");
  const asked = line.replace(/--port \d+/, "--port 0 --host 127.0.0.1 --cached-only").split(" ");
  const home = await temporaryFolder();
  const child = spawn(DENO, asked, {
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
