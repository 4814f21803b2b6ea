// `serve`: the HTTP API on this machine, until a signal stops it.
import { type Command, Option } from "commander";
import { programsAllowed } from "../../compose/environment.ts";
import { wholeNumber } from "../session/arguments.ts";
import { composeOptions } from "../session/connect.ts";
import { EXIT } from "../session/exit-codes.ts";
import { consoleNotifier } from "../session/notices.ts";
import type { Session, Start } from "../session/session.ts";

type ServeOptions = { readonly port: number; readonly host: string };

export function addServe(program: Command, start: Start): void {
  program
    .command("serve")
    .description("serve the HTTP API, and the page for browsers at /")
    .addOption(
      new Option("--port <n>", "0 takes any free port")
        .argParser(wholeNumber(0, 65_535))
        .default(5000),
    )
    .option(
      "--host <address>",
      "the address to listen on; any but this machine's own needs TOKEN_AUTOMATION_API_KEYS",
      "127.0.0.1",
    )
    .action((options: ServeOptions) => start((session) => serve(session, options)));
}

async function serve(session: Session, { port, host }: ServeOptions): Promise<number> {
  const { readApiKeys, readOrigins, readPublicBadge, readRateLimit, readWorkflowTrust } =
    await import("../../http/access/environment.ts");
  const { readPublicUrl } = await import("../../http/access/environment.ts");
  const { startServer } = await import("../../../functions/hosts/node.ts");
  const { variables } = session.environment;
  const compose = composeOptions(session, "begin");
  const server = await startServer({
    // A permission to send requests is no permission to run programs on this machine.
    compose: {
      ...compose,
      programs: programsAllowed(variables) ? (compose.programs ?? null) : null,
      notifier: consoleNotifier(session),
    },
    host,
    port,
    apiKeys: readApiKeys(variables),
    workflows: readWorkflowTrust(variables),
    pointsPerMinute: readRateLimit(variables),
    origins: readOrigins(variables),
    publicUrl: readPublicUrl(variables),
    publicBadge: readPublicBadge(variables),
    complain: (line) => session.warn(line),
  });
  const stop = waitForStop(session);
  session.line(
    session.common.json
      ? JSON.stringify({ url: server.url, port: server.port })
      : `Listening on ${server.url}`,
  );
  session.note(
    "it rotates on request. `token-automation start-scheduler` beside it rotates the tokens that fall due by rules and workflows",
  );
  await stop;
  await server.close();
  return EXIT.done;
}

/** Resolves at the first signal to stop. A second signal ends the process at once. */
function waitForStop({ io, note }: Session): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    io.onStop((signal) => {
      if (asked) {
        io.exit(signal === "SIGINT" ? 130 : 143);
        return;
      }
      asked = true;
      note(`${signal}: stopping after the requests in progress (a second signal stops at once)`);
      resolve();
    });
  });
}
