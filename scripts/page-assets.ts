// The page's style and script as constants with their digests, for the content security policy and for hosts without files.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";

const FOLDER = new URL("../src/http/page/", import.meta.url);

/** The source of src/http/page/assets.ts. The same sources give the same bytes on any machine. */
export async function pageAssets(): Promise<string> {
  const script = await bundleScript();
  const style = squeezeStyle(await readFile(new URL("page.css", FOLDER), "utf8"));
  for (const text of [script, style])
    if (/<\/(?:script|style)|<!--/i.test(text))
      throw new Error("the page's script or style would end its own element");
  return `// The page's style and script, and the digests that its content security policy names. Generated from page.css and client/.

export const STYLE = ${JSON.stringify(style)};
export const STYLE_HASH = "${digest(style)}";
export const SCRIPT = ${JSON.stringify(script)};
export const SCRIPT_HASH = "${digest(script)}";
`;
}

async function bundleScript(): Promise<string> {
  const { output } = await build({
    input: fileURLToPath(new URL("client/main.ts", FOLDER)),
    write: false,
    platform: "browser",
    logLevel: "warn",
    transform: { target: "es2022" },
    output: { format: "iife", minify: true },
  });
  return output[0].code.trim();
}

/** The style sheet without comments and meaningless spaces. Only for a style sheet whose strings hold no braces. */
function squeezeStyle(css: string): string {
  return css
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/\s+/g, " ")
    .replace(/ ?([{};,>]) ?/g, "$1")
    .replace(/: /g, ":")
    .replaceAll(";}", "}")
    .trim();
}

/** As in `style-src`: CSP Level 3 §2.3.1. */
function digest(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}
