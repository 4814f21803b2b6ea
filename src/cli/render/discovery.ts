// The findings of `discover`, for people.
import type { Discovery } from "../../core/discovery/shapes.ts";
import { table } from "./table.ts";
import { type Colors, formatCount, minute, plain } from "./text.ts";

export function discoveryText(discovery: Discovery, colors: Colors): string {
  const rows = discovery.scopes.flatMap(({ secrets }) =>
    secrets.map(({ id, updated_at, token_name }) => [
      id,
      minute(updated_at),
      token_name ?? "not declared",
    ]),
  );
  const dim = (cell: string) => (cell === "not declared" ? colors.yellow(cell) : cell);
  const found =
    rows.length === 0
      ? "No secret was found."
      : table(colors, ["SECRET", "UPDATED", "TOKEN"], rows, { 2: dim });
  return [found, ...findings(discovery, colors)].join("\n\n");
}

function findings(discovery: Discovery, colors: Colors): string[] {
  const {
    undeclared,
    missing,
    shadowed,
    invisible_to_dependabot: invisible,
    not_listed,
  } = discovery;
  const adopt = "`token-automation adopt NAME` declares one without rotating it.";
  return [
    ...section(
      undeclared,
      `${formatCount(undeclared.length, "secret")} not declared. ${adopt}`,
      colors,
      () => null,
    ),
    ...section(
      missing,
      "Declared, but missing:",
      colors,
      ({ id, token_name, placed }) =>
        `${id} of ${token_name}: ${placed ? "it was placed, and then removed" : "it was not placed yet"}`,
    ),
    ...section(
      shadowed,
      "Hidden by another secret of the same name:",
      colors,
      ({ read, hidden }) =>
        `${read} is read${read.startsWith("environment:") ? " by that environment's jobs" : ""}, not ${hidden.join(", ")}`,
    ),
    ...section(invisible ?? [], "Dependabot's runs do not see:", colors, (name) => name),
    ...section(
      not_listed,
      "Not listed, so its secrets are unknown:",
      colors,
      ({ scope, message, hint }) => [`${scope}: ${message}.`, hint].filter(Boolean).join(" "),
    ),
    ...(invisible === null && discovery.repository !== null
      ? [
          colors.dim(
            "The secrets that Dependabot's runs see are unknown, since not all secrets of these runs or of other jobs could be listed.",
          ),
        ]
      : []),
  ];
}

function section<Item>(
  items: readonly Item[],
  title: string,
  colors: Colors,
  line: (item: Item) => string | null,
): string[] {
  if (items.length === 0) return [];
  const lines = items.flatMap((item) => line(item) ?? []);
  return [[colors.bold(title), ...lines.map((text) => `  ${plain(text)}`)].join("\n")];
}
