// The modules that a program loads, as V8 lists them for coverage.
import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { temporaryFolder } from "./git-repository.ts";
import { ROOT } from "./pages.ts";
import { TYPESCRIPT } from "./typescript.ts";

const run = promisify(execFile);

/**
 * Runs a module in a process of its own, in the project's folder.
 * @returns the addresses (`file:…`) of all modules that it loaded
 */
export async function modulesLoadedBy(program: string): Promise<readonly string[]> {
  const { path: folder, close } = await temporaryFolder();
  try {
    await run(process.execPath, [...TYPESCRIPT, "--input-type=module", "--eval", program], {
      cwd: ROOT,
      env: { ...process.env, NODE_V8_COVERAGE: folder },
    });
    return await readLoaded(folder);
  } finally {
    await close();
  }
}

/** @param folder what NODE_V8_COVERAGE named @returns the addresses (`file:…`) that it lists */
export async function readLoaded(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder);
  const texts = await Promise.all(names.map((name) => readFile(`${folder}/${name}`, "utf8")));
  const urls = texts.flatMap((text) => {
    const { result }: { result: { url: string }[] } = JSON.parse(text);
    return result.map(({ url }) => url).filter((url) => url.startsWith("file:"));
  });
  return [...new Set(urls)];
}
