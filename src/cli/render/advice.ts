// A language model's advice on the suggestions, for people. The output marks its words as the model's.
import type { Advice } from "../../core/advice/advice.ts";
import type { Suggestions } from "../../core/health/shapes.ts";
import { suggestionsText } from "./health.ts";
import { table } from "./table.ts";
import { type Colors, plain } from "./text.ts";

/** The suggestions in the model's order, and its words under them. */
export function adviceText(advised: Suggestions & { readonly ai: Advice }, colors: Colors): string {
  const { ai } = advised;
  const places = new Map(ai.order.map((name, index) => [name, index]));
  const actions = advised.actions.toSorted(
    (one, other) => (places.get(one.token_name) ?? 0) - (places.get(other.token_name) ?? 0),
  );
  const parts = [suggestionsText({ ...advised, actions }, colors)];
  if (ai.status === "unavailable")
    return [...parts, `Without a language model: ${plain(ai.detail ?? "")}.`].join("\n\n");
  parts.push(sectionText("What the model says", ai.explanation, colors));
  const rows = ai.schedules.map((schedule) => [
    schedule.token_name,
    `${schedule.interval_hours} h`,
    plain(schedule.reason),
    commandOf(schedule.request.body),
  ]);
  if (rows.length > 0)
    parts.push(table(colors, ["TOKEN", "INTERVAL", "THE MODEL'S REASON", "COMMAND"], rows));
  parts.push(sectionText("Its audit", ai.audit, colors));
  if (ai.refused.length > 0)
    parts.push(
      `Proposals that were refused:\n${ai.refused.map((line) => `- ${plain(line)}`).join("\n")}`,
    );
  return parts.filter((part) => part !== "").join("\n\n");
}

/** An option that the rule already has must be repeated. Without it, the command would switch it on. */
function commandOf({
  token_name,
  interval_hours,
  auto_rotate,
  notify,
}: Advice["schedules"][number]["request"]["body"]): string {
  const options = `${auto_rotate ? "" : " --no-auto-rotate"}${notify ? "" : " --no-notify"}`;
  return `token-automation setup-rule ${token_name} ${interval_hours}${options}`;
}

function sectionText(title: string, text: string | null, colors: Colors): string {
  return text === null || text === ""
    ? ""
    : `${colors.bold(title)}\n${text.split("\n").map(plain).join("\n")}`;
}
