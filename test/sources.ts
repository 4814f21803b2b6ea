// The sources of the project, for the tests that hold rules against them.
import { readdir, readFile } from "node:fs/promises";
import { join, sep } from "node:path";
import { ROOT } from "./pages.ts";

/** `path` from the project's folder, with forward slashes. */
export type Source = { readonly path: string; readonly text: string };

type SourceOptions = { readonly tests: boolean };

/** Every TypeScript file below those folders but the committed bundles; tests only if asked for. */
export async function readSources(
  folders: readonly string[],
  { tests }: SourceOptions = { tests: false },
): Promise<Source[]> {
  const found = await Promise.all(
    folders.map(async (folder) =>
      (await readdir(join(ROOT, folder), { recursive: true })).map(
        (name) => `${folder}/${name.split(sep).join("/")}`,
      ),
    ),
  );
  const paths = found
    .flat()
    .filter(
      (path) =>
        path.endsWith(".ts") && (tests || !path.endsWith(".test.ts")) && !path.includes("/dist/"),
    )
    .sort();
  return Promise.all(
    paths.map(async (path) => ({ path, text: await readFile(join(ROOT, path), "utf8") })),
  );
}
