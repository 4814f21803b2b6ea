// Servers that the program talks to beside GitHub, on free ports: a receiver of posts, and a proxy.
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { connect, type Server, type Socket } from "node:net";

type Post = {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly status: number;
};

/** Listens on 127.0.0.1 and a free port; `close` cuts what is still open. */
export async function listen(server: Server) {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string")
    throw new Error("the server listens on no port");
  const close = async () => {
    const closed = once(server, "close");
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return { url: `http://127.0.0.1:${address.port}`, port: address.port, close };
}

/** Answers post after post with these statuses, the last one again and again, and keeps what came. */
export async function startReceiver(statuses: readonly number[]) {
  const posts: Post[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const status = statuses[Math.min(posts.length, statuses.length - 1)] ?? 204;
    posts.push({ headers: request.headers, body: Buffer.concat(chunks).toString("utf8"), status });
    response.writeHead(status).end();
  });
  return { ...(await listen(server)), posts };
}

/** Opens tunnels (CONNECT, RFC 9110, 9.3.6) and keeps to where. */
export async function startProxy() {
  const targets: string[] = [];
  const server = createServer((_request, response) => response.writeHead(405).end());
  server.on("connect", ({ url = "" }, client: Socket, head: Buffer) => {
    targets.push(url);
    const [host, port] = [
      url.slice(0, url.lastIndexOf(":")),
      Number(url.slice(url.lastIndexOf(":") + 1)),
    ];
    const upstream = connect(port, host, () => {
      client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      upstream.write(head);
      upstream.pipe(client).pipe(upstream);
    });
    upstream.on("error", () => client.destroy());
    client.on("error", () => upstream.destroy());
    client.on("close", () => upstream.destroy());
  });
  return { ...(await listen(server)), targets };
}
