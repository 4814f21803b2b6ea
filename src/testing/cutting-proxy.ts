// A TCP proxy that cuts the connection at a chosen moment: the server has done what it was asked, and the client never hears of it.
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

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
  const sockets = new Set<Socket>();
  let cut: { readonly request: RegExp; readonly meanwhile: (() => Promise<unknown>) | undefined } | null = null;
  let count = 0;
  const server = createServer((client) => {
    const upstream = connect(target, "127.0.0.1");
    let matched: typeof cut = null;
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
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
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy listens on no port");
  return {
    port: address.port,
    cutAfter: (request, meanwhile) => {
      cut = { request, meanwhile };
    },
    cuts: () => count,
    async close() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Takes connections and never says a word. */
export async function startSilentServer(): Promise<Pick<CuttingProxy, "port" | "close">> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => sockets.add(socket.on("error", () => socket.destroy())));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server listens on no port");
  return {
    port: address.port,
    async close() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
