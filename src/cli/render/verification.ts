// The findings of `verify`, for people.

import type { Verification } from "../../core/proof/verify.ts";
import { table } from "./table.ts";
import { type Colors, formatCount, plain } from "./text.ts";

const SIGNS: Readonly<Record<Verification["tokens"][number]["verdict"], string>> = {
  match: "✔ match",
  previous: "… not yet",
  mismatch: "✖ mismatch",
  gone: "✖ gone",
  changed_later: "! changed later",
  unknown: "? unknown",
  not_seen: "- not seen",
};

function chainText(
  { ok, entries, whole, breaks }: Verification["history"],
  colors: Colors,
): string {
  if (ok)
    return `${colors.green("✔")} The history's chain holds: ${whole ? "" : "the newest "}${formatCount(entries, "entry", "entries")}.`;
  const lines = breaks.map(({ entry, message }) => `  ${plain(entry)}: ${plain(message)}`);
  return [
    `${colors.red("✖")} The history's chain is broken in ${formatCount(breaks.length, "place")}:`,
    ...lines,
  ].join("\n");
}

export function verificationText({ tokens, history }: Verification, colors: Colors): string {
  const rows = tokens.map((token) => [SIGNS[token.verdict], token.token_name, token.detail]);
  const listed =
    rows.length === 0
      ? "No tokens are declared."
      : table(colors, ["VERDICT", "TOKEN", "WHY"], rows, { 0: painter(colors) });
  return `${listed}\n\n${chainText(history, colors)}`;
}

function painter(colors: Colors): (cell: string) => string {
  return (cell) =>
    cell.startsWith("✔")
      ? colors.green(cell)
      : cell.startsWith("✖")
        ? colors.red(cell)
        : colors.dim(cell);
}
