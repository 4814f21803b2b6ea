// The pages that agents may read over MCP, as JSON, since a host's bundle has no documentation beside it.
import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** By their names in docs/. */
const PAGES = ["agents", "rotation", "faq"] as const;

/**
 * Each page's title and lines. They are split by lines, so that a change shows as one.
 * @param root the folder that holds docs/
 */
export async function agentPages(root: string): Promise<string> {
  const pages = await Promise.all(
    PAGES.map(async (name) => {
      const lines = (await readFile(join(root, "docs", `${name}.md`), "utf8"))
        .trimEnd()
        .split("\n");
      return { name, title: (lines[0] ?? name).replace(/^# /, ""), lines };
    }),
  );
  return `${JSON.stringify(pages, null, 2)}\n`;
}
