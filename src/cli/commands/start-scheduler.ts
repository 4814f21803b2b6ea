// `start-scheduler`: runs what is due again and again, until it is asked to stop.
import { type Command, Option } from "commander";
import { Misconfigured } from "../../core/base/errors.ts";
import type { Report } from "../../core/ports/report.ts";
import { nextDueText, reportText } from "../render/report.ts";
import { counted, minute } from "../render/text.ts";
import { wholeNumber } from "../session/arguments.ts";
import { connect } from "../session/connect.ts";
import { EXIT } from "../session/exit-codes.ts";
import type { StopSignal } from "../session/io.ts";
import { type Session, type Start, triggeredBy } from "../session/session.ts";

const DEFAULT_EVERY_SECONDS = 60;
const MAX_EVERY_SECONDS = 86_400;
/** How long a scheduler that keeps failing waits at most, in seconds. */
const MAX_BACKOFF_SECONDS = 3600;
/** What a shell reports of a process that died of a signal: 128 and the signal's number. */
const SIGNAL_EXIT: Readonly<Record<StopSignal, number>> = { SIGINT: 130, SIGTERM: 143 };

export function addScheduler(program: Command, start: Start): void {
  program
    .command("start-scheduler")
    .description("run what is due, continuously; stops cleanly on SIGINT and SIGTERM")
    .addOption(
      new Option("--every <seconds>", "how long to wait between passes")
        .argParser(wholeNumber(1, MAX_EVERY_SECONDS))
        .default(DEFAULT_EVERY_SECONDS),
    )
    .action(({ every }: { readonly every: number }) =>
      start((session) => keepRunning(session, every)),
    );
}

/** Passes one after the other, never two at once. A pass that fails is told and tried again later; only a first one that cannot work ends it. */
async function keepRunning(session: Session, every: number): Promise<number> {
  const stop = stopSignal(session);
  const tell = passTeller(session);
  let failures = 0;
  try {
    for (let first = true; !stop.signal.aborted; first = false) {
      try {
        tell(await pass(session, first));
        failures = 0;
      } catch (error) {
        if (first && error instanceof Misconfigured) throw error;
        failures += 1;
        session.fail(error);
      }
      const seconds =
        failures === 0
          ? every
          : Math.max(every, Math.min(every * 2 ** failures, MAX_BACKOFF_SECONDS));
      if (failures > 0 && !stop.signal.aborted)
        session.note(`trying again in ${counted(seconds, "second")}`);
      await session.io.sleep(seconds * 1000, stop.signal);
    }
    return EXIT.done;
  } finally {
    stop.forget();
  }
}

/** Builds the app anew for each pass, so that none works with yesterday's keys. */
async function pass(session: Session, first: boolean): Promise<Report> {
  const { app } = await connect(session, first ? "change" : "read");
  return app.run({
    wanted: { kind: "due" },
    dryRun: false,
    triggeredBy: triggeredBy(session, "scheduler"),
  });
}

/** The first signal asks to stop after the pass in progress; a second one ends the process at once. */
function stopSignal({ io, note }: Session): { readonly signal: AbortSignal; forget(): void } {
  const stopping = new AbortController();
  const forget = io.onStop((signal) => {
    if (stopping.signal.aborted) {
      io.exit(SIGNAL_EXIT[signal]);
      return;
    }
    note(`${signal}: stopping after the pass in progress; once more stops at once`);
    stopping.abort();
  });
  return { signal: stopping.signal, forget };
}

/** Tells each pass that did something; of those that did nothing, only where the next due time is news. */
function passTeller({ io, common, colors, line }: Session): (report: Report) => void {
  let known: string | null = null;
  return (report) => {
    if (common.json) {
      line(JSON.stringify(report));
      return;
    }
    const now = io.now();
    const next = JSON.stringify(report.next_due);
    const idle = [report.rotated, report.failed, report.proved, report.revoked].every(
      (names) => names.length === 0,
    );
    if (!idle)
      line(
        `${colors.bold(minute(now))}\n${reportText(report, { colors, now, path: common.config })}\n`,
      );
    else if (next !== known)
      line(`${colors.bold(minute(now))} Nothing is due. ${nextDueText(report.next_due, now)}`);
    known = next;
  };
}
