// `mcp`: a Model Context Protocol server on this process's standard streams, for an agent that starts it.
import type { Command } from "commander";
import { composeOptions } from "../session/connect.ts";
import { EXIT } from "../session/exit-codes.ts";
import { consoleNotifier } from "../session/notices.ts";
import type { Session, Start } from "../session/session.ts";

export function addMcp(program: Command, start: Start): void {
  program
    .command("mcp")
    .description("serve an agent over the Model Context Protocol, on standard input and output")
    .option("--read-only", "let the agent read and change nothing", false)
    .action(({ readOnly }: { readonly readOnly: boolean }) =>
      start((session) => serve(session, readOnly)),
    );
}

async function serve(session: Session, readOnly: boolean): Promise<number> {
  const { io } = session;
  const { serverEdge } = await import("../../http/access/open-edge.ts");
  const { serveStdioMcp } = await import("../../mcp/stdio.ts");
  const { OPERATIONS } = await import("../../../functions/hosts/operations.ts");
  const caller = {
    id: session.environment.actor ?? "local",
    scopes: new Set(readOnly ? (["read"] as const) : (["read", "rotate", "admin"] as const)),
  };
  const complain = (line: string) => session.warn(line);
  const edge = serverEdge({
    compose: { ...composeOptions(session, "begin"), notifier: consoleNotifier(session) },
    access: { kind: "admitted", caller },
    complain,
  });
  const streams = { input: io.stdin.bytes, write: (text: string) => io.stdout.write(text) };
  const server = await serveStdioMcp({ routes: OPERATIONS, edge, caller }, streams, complain);
  let stop = () => {};
  const asked = new Promise<void>((resolve) => {
    stop = io.onStop(() => resolve());
  });
  await Promise.race([server.ended, asked]);
  stop();
  await server.close();
  return EXIT.done;
}
