// A TCP proxy that cuts the connection at a chosen moment: the server has done what it was asked, and the client never hears of it.
import { connect, createServer } from "node:net";
import { listen } from "./http-servers.ts";

export type CuttingProxy = {
  readonly port: number;
  /** Cuts once, when the server answers the first request that matches; until then, and after it, everything passes. */
  cutAfter(request: RegExp, meanwhile?: () => Promise<unknown>): void;
  /** How often it cut. */
  cuts(): number;
  close(): Promise<void>;
};

/** Starts it in front of a server on this machine. */
export async function startCuttingProxy(target: number): Promise<CuttingProxy> {
  let cut: {
    readonly request: RegExp;
    readonly meanwhile: (() => Promise<unknown>) | undefined;
  } | null = null;
  let count = 0;
  const server = createServer((client) => {
    const upstream = connect(target, "127.0.0.1");
    let matched: typeof cut = null;
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
    }
    client.on("data", async (chunk) => {
      if (cut?.request.test(chunk.toString("latin1"))) {
        [matched, cut] = [cut, null];
        await matched.meanwhile?.();
      }
      upstream.write(chunk);
    });
    upstream.on("data", (chunk) => {
      if (matched === null) return client.write(chunk);
      count += 1;
      return client.destroy();
    });
  });
  const { port, close } = await listen(server);
  return {
    port,
    close,
    cutAfter: (request, meanwhile) => {
      cut = { request, meanwhile };
    },
    cuts: () => count,
  };
}

/** Takes connections and never says a word. */
export function startSilentServer(): Promise<Pick<CuttingProxy, "port" | "close">> {
  return listen(createServer((socket) => socket.on("error", () => socket.destroy())));
}
