// Cloudflare's runtime, from the folder of tools: it has install scripts, which the project itself has not.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { ROOT } from "../pages.ts";

type Module = {
  readonly type: string;
  readonly path: string;
  readonly contents: string | Uint8Array;
};

/** As far as it is used here; the rest is in https://developers.cloudflare.com/workers/testing/miniflare/ */
export type WorkerOptions = {
  /** The modules, the entry first, or `true` if `script` is one. */
  readonly modules: true | readonly Module[];
  readonly modulesRoot?: string;
  readonly script?: string;
  readonly compatibilityDate?: string;
  readonly compatibilityFlags?: readonly string[];
  readonly bindings?: Readonly<Record<string, string>>;
};

export type RunningWorkers = {
  /** Where it listens. */
  readonly ready: Promise<URL>;
  dispose(): Promise<void>;
};

/** Starts workerd. Throws if the tools are not installed. Dispose of it. */
export async function openWorkers(options: WorkerOptions): Promise<RunningWorkers> {
  const path = createRequire(`${ROOT}tools/package.json`).resolve("miniflare");
  const { Miniflare } = await import(/* @vite-ignore */ pathToFileURL(path).href);
  return new Miniflare(options);
}
