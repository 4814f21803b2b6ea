// The parts that all cases share: the bundle under test, the file that is loaded before it, and a temporary folder.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";

export type Bench = {
  /** The entry of the bundled Action. */
  readonly main: string;
  /** quick-time as plain JavaScript: stripping its types again would cost every run as much as half of the rest. */
  readonly preload: string;
  /** The cases' folders are made in it. */
  readonly folder: string;
  close(): Promise<void>;
};

/** Sets it up. Close it. */
export async function openBench(main: string): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), "chaos-"));
  const input = { "quick-time": fileURLToPath(new URL("quick-time.ts", import.meta.url)) };
  await build({
    input,
    platform: "node",
    logLevel: "warn",
    output: { dir: folder, format: "esm", entryFileNames: "[name].mjs" },
  });
  return {
    main,
    preload: join(folder, "quick-time.mjs"),
    folder,
    close: () => rm(folder, { recursive: true, force: true }),
  };
}
