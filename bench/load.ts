// A load generator: several connections, each with one open request, for a fixed time. The clock starts once all are warm.
import { once } from "node:events";
import { connect, type Socket } from "node:net";

export type Load = {
  readonly perSecond: number;
  /** The longest time of 99 of 100 answers, in milliseconds. */
  readonly p99: number;
};

const HEAD_END = "\r\n\r\n";

/**
 * Asks for one path again and again.
 * @throws if an answer is not 200, or a connection is lost
 */
export async function load(
  url: URL,
  { connections, milliseconds }: { connections: number; milliseconds: number },
): Promise<Load> {
  const request = Buffer.from(`GET ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`);
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(url)));
  const took: number[] = [];
  const start = performance.now();
  await Promise.all(
    sockets.map((socket) => askUntil(start + milliseconds, { socket, request, took })),
  );
  const seconds = (performance.now() - start) / 1000;
  for (const socket of sockets) socket.destroy();
  took.sort((one, other) => one - other);
  return {
    perSecond: took.length / seconds,
    p99: took[Math.floor(took.length * 0.99)] ?? Number.NaN,
  };
}

async function open(url: URL): Promise<Socket> {
  const socket = connect(Number(url.port), url.hostname);
  socket.setNoDelay(true);
  await once(socket, "connect");
  return socket;
}

type Asking = { readonly socket: Socket; readonly request: Buffer; readonly took: number[] };

function askUntil(end: number, { socket, request, took }: Asking): Promise<void> {
  return new Promise((resolve, reject) => {
    let asked = performance.now();
    let received: Buffer | null = null;
    socket.on("data", (chunk: Buffer) => {
      received = received === null ? chunk : Buffer.concat([received, chunk]);
      if (!isWhole(received, reject)) return;
      received = null;
      const now = performance.now();
      took.push(now - asked);
      if (now >= end) return resolve();
      asked = now;
      socket.write(request);
    });
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("the server closed a connection")));
    socket.write(request);
  });
}

function isWhole(answer: Buffer, reject: (error: Error) => void): boolean {
  const head = answer.indexOf(HEAD_END);
  if (head < 0) return false;
  const text = answer.toString("latin1", 0, head);
  if (!text.startsWith("HTTP/1.1 200 "))
    reject(new Error(`the server answered ${text.split("\r\n", 1)[0]}`));
  return (
    answer.length >= head + HEAD_END.length + Number(/^content-length: (\d+)$/im.exec(text)?.[1])
  );
}
