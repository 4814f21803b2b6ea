// What a run tells of a token that another took up after its own lease was over: pure.
import type { ReportedError } from "./errors.ts";
import type { Outcome } from "./place.ts";
import type { Prepared } from "./prepare.ts";
import type { TokenState } from "./schema.ts";

/**
 * Why what this run placed may not be what the record holds; null where it is, or where nothing of it can have been placed.
 * @param state as the record has it after the run
 */
export function overtaken(
  state: TokenState,
  prepared: Prepared,
  outcomes: readonly Outcome[],
): ReportedError | null {
  const { generation, prints } = prepared;
  const holds = state.pending ?? state;
  // The same box, placed by whoever took it up: any number of times is as good as once.
  if (holds.generation === generation && holds.fingerprint === prints.fingerprint) return null;
  if (outcomes.every(({ error }) => error !== null && error.code === "lease-over")) return null;
  return {
    kind: "uncertain",
    code: "overtaken",
    message: `generation ${generation} was placed, or may have been, while another run went on with generation ${holds.generation}`,
    hint: "Which of the two stands there is not known. It is rotated once more by its schedule; without one, rotate it by name.",
  };
}
