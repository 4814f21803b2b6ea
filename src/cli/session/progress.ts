// How far a run is, for people who wait: one line on stderr that rewrites itself, on terminals only.

import type { Progress } from "../../core/run/request.ts";
import type { Session } from "./session.ts";

const ERASE_LINE = "\r\u001b[2K";

const DOING: Readonly<Record<Progress["phase"], string>> = {
  preflight: "Looking at the destinations",
  issue: "Making credentials",
  journal: "Writing the journal",
  place: "Placing",
  record: "Recording",
};

export type ProgressLine = {
  show(progress: Progress): void;
  /** Leaves the line empty, so that what follows stands at its beginning. */
  clear(): void;
};

export function progressLine({ io }: Session): ProgressLine {
  let shown = false;
  return {
    show({ phase, done, total }) {
      if (!io.stderr.isTerminal) return;
      io.stderr.write(`${ERASE_LINE}${DOING[phase]}… ${total > 1 ? `${done}/${total}` : ""}`);
      shown = true;
    },
    clear() {
      if (shown) io.stderr.write(ERASE_LINE);
      shown = false;
    },
  };
}
