// Aligned columns without borders.
import Table from "cli-table3";
import { type Colors, plain } from "./text.ts";

const NO_BORDERS = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "  ",
} as const;

/**
 * A table as text, one line a row, without a newline at its end. Every cell is made harmless here, so callers pass the record's own text.
 * @param paint colours one column's cells; it gets text that is already harmless
 */
export function table(
  colors: Colors,
  head: readonly string[],
  rows: readonly (readonly string[])[],
  paint: Readonly<Record<number, (cell: string) => string>> = {},
): string {
  const drawn = new Table({
    chars: NO_BORDERS,
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [], compact: true },
  });
  drawn.push(head.map((title) => colors.bold(title)));
  for (const row of rows) {
    drawn.push(row.map((cell, column) => (paint[column] ?? ((text: string) => text))(plain(cell))));
  }
  return drawn
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}
