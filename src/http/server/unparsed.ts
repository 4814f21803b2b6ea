// What is answered to bytes that are no HTTP request: the same problem+json as everything else, written by hand.
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { HttpProblem, problemResponse } from "../problem/problem.ts";

/** Statuses as Node's own server answers with them, by the error's code; all else is 400. */
const STATUS_OF: ReadonlyMap<string | undefined, readonly [status: number, detail: string]> =
  new Map([
    ["HPE_HEADER_OVERFLOW", [431, "the request's headers are too large"]],
    ["HPE_CHUNK_EXTENSIONS_OVERFLOW", [413, "the body's chunk extensions are too large"]],
    ["ERR_HTTP_REQUEST_TIMEOUT", [408, "the request did not arrive in time"]],
  ]);

/** Answers what Node's parser refused (`clientError`), and closes the connection. */
export function refuseUnparsed(error: NodeJS.ErrnoException, socket: Duplex): void {
  // Whoever hung up, or is in the middle of an answer, cannot be told.
  if (
    error.code === "ECONNRESET" ||
    !socket.writable ||
    ("bytesWritten" in socket && Number(socket.bytesWritten) > 0)
  ) {
    socket.destroy();
    return;
  }
  const [status, detail] = STATUS_OF.get(error.code) ?? [
    400,
    "the request is not HTTP as this server reads it",
  ];
  const response = problemResponse(new HttpProblem(status, detail, { code: "request-malformed" }));
  void response.text().then((body) => {
    const headers = [
      ...response.headers,
      ["content-length", String(Buffer.byteLength(body))],
      ["connection", "close"],
    ];
    const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Error"}\r\n${lines}\r\n${body}`);
  });
}
