// The hand-written pages, taken apart: fenced blocks, commands, links.
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** `path` from the project's folder. */
export type Page = { readonly path: string; readonly text: string };

/** One fenced block; `line` is that of its opening fence, from 1. */
export type Block = { readonly language: string; readonly content: string; readonly line: number };

/** Every page that people read. */
export async function readPages(): Promise<Page[]> {
  const docs = (await readdir(`${ROOT}docs`, { recursive: true }))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`);
  const paths = ["README.md", "CONTRIBUTING.md", "SECURITY.md", ...docs];
  return Promise.all(
    paths.map(async (path) => ({ path, text: await readFile(`${ROOT}${path}`, "utf8") })),
  );
}

/** Fenced blocks, also those that are indented in a list. */
export function blocksOf({ text }: Page): Block[] {
  const blocks: Block[] = [];
  let open: { indent: number; language: string; lines: string[]; line: number } | null = null;
  for (const [index, line] of text.split("\n").entries()) {
    const fence = /^( *)```(\w*)$/.exec(line);
    if (fence === null) open?.lines.push(line.slice(open.indent));
    else if (open === null)
      open = {
        indent: fence[1]?.length ?? 0,
        language: fence[2] ?? "",
        lines: [],
        line: index + 1,
      };
    else {
      blocks.push({
        language: open.language,
        content: `${open.lines.join("\n")}\n`,
        line: open.line,
      });
      open = null;
    }
  }
  return blocks;
}

/** The page without its fenced blocks. */
function proseOf({ text }: Page): string {
  return text.replace(/^( *)```\w*\n[\s\S]*?^ *```$/gm, "");
}

/** Spans of inline code in the prose. */
export function codeSpans(page: Page): string[] {
  return [...proseOf(page).matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code);
}

/** Targets of the links in the prose. */
export function linksOf(page: Page): string[] {
  return [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
}

/** The anchors that GitHub gives a page's headings. */
export function anchorsOf(page: Page): string[] {
  return [...proseOf(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** The arguments of every `token-automation …` in a shell text: up to a pipe, a redirection, a comment or the end of the line. */
export function commandsIn(shell: string): string[][] {
  return [
    ...shell.matchAll(
      /(?:^|[\s(`])token-automation((?: +(?:"[^"\n]*"|'[^'\n]*'|[^\s"'`|;&<>()#]+))*)/gm,
    ),
  ].map(([, rest = ""]) =>
    [...rest.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
      ([, double, single, bare]) => double ?? single ?? bare ?? "",
    ),
  );
}
