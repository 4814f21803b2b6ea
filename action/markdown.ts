// Data in GitHub-flavoured Markdown, which stays text whatever it contains. Pure.

/** GitHub's limit on a step's summary is 1 MiB. The rest is room for what the runner adds. */
const MAX_BYTES = 1024 * 1024 - 64 * 1024;
/** A longer cell is cut, since a reader only glances at it. */
const MAX_CELL = 500;
/** Further rows are counted instead of listed. */
const MAX_ROWS = 500;

/** Names and messages are data. Nothing in them may become markup, an element, a mention or a new cell. */
export function text(value: string): string {
  return clip(value.replace(/\s+/g, " "))
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replace(/[\\`*_{}[\]()#|~!$]/g, "\\$&")
    .replaceAll("@", "@&#8203;");
}

/** A name, in the font of code. */
export function code(value: string): string {
  return `\`${clip(value.replace(/[`|\s]+/g, " "))}\``;
}

/** A link if the address can only be one, else its label alone. */
export function link(label: string, url: string | null): string {
  return url !== null && /^https?:\/\/[^\s()<>[\]]+$/.test(url) ? `[${label}](${url})` : label;
}

/** To the minute, as people write it. */
export function time(iso: string | null): string {
  return iso === null ? "—" : text(iso.replace("T", " ").replace(/:\d\d(\.\d+)?Z$/, " UTC"));
}

/** `cells` are Markdown already. */
export function table<Row>(
  columns: readonly string[],
  rows: readonly Row[],
  cells: (row: Row) => readonly string[],
): string {
  const line = (parts: readonly string[]) => `| ${parts.join(" | ")} |`;
  const lines = [
    line(columns),
    line(columns.map(() => "---")),
    ...rows.slice(0, MAX_ROWS).map((row) => line(cells(row))),
  ];
  return [...lines, ...more(rows.length)].join("\n");
}

export function list<Item>(items: readonly Item[], entry: (item: Item) => string): string {
  return [
    ...items.slice(0, MAX_ROWS).map((item) => `- ${entry(item)}`),
    ...more(items.length),
  ].join("\n");
}

/** Paragraphs. If they exceed GitHub's limit, as many whole lines as fit. */
export function page(parts: readonly string[]): string {
  const whole = `${parts.filter((part) => part !== "").join("\n\n")}\n`;
  if (Buffer.byteLength(whole) <= MAX_BYTES) return whole;
  const head = Buffer.from(whole).subarray(0, MAX_BYTES).toString();
  return `${head.slice(0, head.lastIndexOf("\n"))}\n\n… cut here. The rest is in the output \`report\`.\n`;
}

function more(total: number): string[] {
  return total > MAX_ROWS ? ["", `… and ${total - MAX_ROWS} more.`] : [];
}

function clip(value: string): string {
  return value.length <= MAX_CELL ? value : `${Buffer.from(value.slice(0, MAX_CELL)).toString()}…`;
}
