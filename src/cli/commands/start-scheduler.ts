// `start-scheduler`: due runs again and again, until a signal stops it.
import { type Command, Option } from "commander";
import { Misconfigured } from "../../core/base/errors.ts";
import type { Report } from "../../core/ports/report.ts";
import { nextDueText, reportText } from "../render/report.ts";
import { formatCount, minute } from "../render/text.ts";
import { wholeNumber } from "../session/arguments.ts";
import { connect } from "../session/connect.ts";
import { EXIT } from "../session/exit-codes.ts";
import type { StopSignal } from "../session/io.ts";
import { type Session, type Start, triggeredBy } from "../session/session.ts";

const DEFAULT_EVERY_SECONDS = 60;
const MAX_EVERY_SECONDS = 86_400;
/** The longest wait of a scheduler that keeps failing, in seconds. */
const MAX_BACKOFF_SECONDS = 3600;
/** The exit code that a shell reports for a process ended by a signal: 128 and the signal's number. */
const SIGNAL_EXIT: Readonly<Record<StopSignal, number>> = { SIGINT: 130, SIGTERM: 143 };

export function addScheduler(program: Command, start: Start): void {
  program
    .command("start-scheduler")
    .description("rotate due tokens continuously; stops cleanly on SIGINT and SIGTERM")
    .addOption(
      new Option("--every <seconds>", "how long to wait between passes")
        .argParser(wholeNumber(1, MAX_EVERY_SECONDS))
        .default(DEFAULT_EVERY_SECONDS),
    )
    .action(({ every }: { readonly every: number }) =>
      start((session) => keepRunning(session, every)),
    );
}

/** Passes one after the other, never two at once. A failed pass is reported and tried again later. Only a first pass that cannot work ends the scheduler. */
async function keepRunning(session: Session, every: number): Promise<number> {
  const stop = stopSignal(session);
  const report = passReporter(session);
  let failures = 0;
  try {
    for (let first = true; !stop.signal.aborted; first = false) {
      try {
        report(await pass(session, first));
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
        session.note(`trying again in ${formatCount(seconds, "second")}`);
      await session.io.sleep(seconds * 1000, stop.signal);
    }
    return EXIT.done;
  } finally {
    stop.forget();
  }
}

/** Builds a new app for each pass, so that no pass works with yesterday's keys. */
async function pass(session: Session, first: boolean): Promise<Report> {
  const { app } = await connect(session, first ? "change" : "read");
  return app.run({
    wanted: { kind: "due" },
    dryRun: false,
    triggeredBy: triggeredBy(session, "scheduler"),
  });
}

/** The first signal stops after the pass in progress. A second signal ends the process at once. */
function stopSignal({ io, note }: Session): { readonly signal: AbortSignal; forget(): void } {
  const stopping = new AbortController();
  const forget = io.onStop((signal) => {
    if (stopping.signal.aborted) {
      io.exit(SIGNAL_EXIT[signal]);
      return;
    }
    note(`${signal}: stopping after the pass in progress (a second signal stops at once)`);
    stopping.abort();
  });
  return { signal: stopping.signal, forget };
}

/** Reports each pass that changed something. For the others it reports only a new time of the next due token. */
function passReporter({ io, common, colors, line }: Session): (report: Report) => void {
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
