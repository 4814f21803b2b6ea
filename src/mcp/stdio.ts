// MCP over this process's standard streams, until its client hangs up.
import { Readable, Writable } from "node:stream";
import { buildMcpServer, type McpOptions } from "./server.ts";

export type Streams = {
  readonly input: AsyncIterable<Uint8Array>;
  readonly write: (text: string) => void;
};

export type StdioServer = {
  /** Resolves when the client has closed its end. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
};

/** Serves one client. Only the protocol is written to stdout. */
export async function serveStdioMcp(
  options: McpOptions,
  { input, write }: Streams,
  complain: (line: string) => void,
): Promise<StdioServer> {
  const { serveStdio, StdioServerTransport } = await import("@modelcontextprotocol/server/stdio");
  const reader = Readable.from(input, { objectMode: false });
  const writer = new Writable({
    write(chunk: Buffer, _encoding, done) {
      write(chunk.toString("utf8"));
      done();
    },
  });
  const ended = new Promise<void>((resolve) => reader.once("close", resolve));
  const handle = serveStdio(() => buildMcpServer(options), {
    transport: new StdioServerTransport(reader, writer),
    maxSubscriptions: 0,
    // The message may quote the client's text.
    onerror: (error) => complain(`a message of the client was not understood (${error.name})`),
  });
  return { ended, close: () => handle.close() };
}
