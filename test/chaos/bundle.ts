// The Action's bundle as these sources make it, which may be newer than the committed one.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { bundleAction } from "../../scripts/action-bundle.ts";

export type TestBundle = { readonly main: string; close(): Promise<void> };

/** Writes it to a folder of its own. Close it. @param root the project's folder */
export async function bundleForTests(root: string): Promise<TestBundle> {
  const folder = await mkdtemp(join(tmpdir(), "action-bundle-"));
  for (const [name, text] of await bundleAction(root)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
  return {
    main: join(folder, "main.js"),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}
