// Real servers from Debian's packages, each in a temporary folder, on a free port, without root's rights.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A running server. */
export type Service = {
  readonly port: number;
  /** Its temporary folder, gone after `close`. */
  readonly folder: string;
  /** Everything that it wrote so far. */
  log(): Promise<string>;
  close(): Promise<void>;
};

export type Installation = {
  /** Whose rights it gets where the tests run as root, which these servers refuse or should not have. */
  readonly user: string;
  /** Run before it is started, to its end. */
  readonly prepare?: (folder: string) => readonly [command: string, ...args: string[]];
  readonly start: (folder: string, port: number) => readonly [command: string, ...args: string[]];
};

/** How long a server may take until it listens, in milliseconds; they take about one second. */
const START_MS = 240_000;

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

function rightsOf(user: string): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string) => Number(execFileSync("id", [flag, user], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

/** Starts it, and waits until it takes connections. */
export async function startService({ user, prepare, start }: Installation): Promise<Service> {
  const folder = await mkdtemp(join(tmpdir(), "service-"));
  const rights = rightsOf(user);
  if (rights.uid !== undefined && rights.gid !== undefined)
    chownSync(folder, rights.uid, rights.gid);
  const env = { PATH: process.env.PATH, HOME: folder, LC_ALL: "C" };
  if (prepare !== undefined) {
    const [command, ...args] = prepare(folder);
    execFileSync(command, args, {
      ...rights,
      cwd: folder,
      env,
      stdio: ["ignore", "ignore", "pipe"],
    });
  }
  const port = await freePort();
  const [command, ...args] = start(folder, port);
  const child = spawn(command, args, {
    ...rights,
    cwd: folder,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let written = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (written += text));
  const exited = once(child, "exit");
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    await exited;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await listening(port, () => child.exitCode !== null);
  } catch (error) {
    await stop();
    throw new Error(`${command} did not start: ${written.slice(-2_000)}`, { cause: error });
  }
  return {
    port,
    folder,
    log: async () => written + (await readFile(join(folder, "log"), "utf8").catch(() => "")),
    close: stop,
  };
}

async function listening(port: number, hasEnded: () => boolean): Promise<void> {
  for (const until = performance.now() + START_MS; ; ) {
    const socket = connect(port, "127.0.0.1");
    const open = await new Promise<boolean>((resolve) =>
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false)),
    );
    socket.destroy();
    if (open) return;
    if (hasEnded() || performance.now() > until) throw new Error("it does not listen");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
