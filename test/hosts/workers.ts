// Cloudflare Workers as it runs here: workerd, with what wrangler.jsonc says of the bundle.
import { readFile } from "node:fs/promises";
import { matchesGlob } from "node:path";
import { type ParseError, parse } from "jsonc-parser";
import { bundleHost } from "../../scripts/host-bundles.ts";
import { ROOT } from "../pages.ts";
import { forwardTo, type RunningHost } from "./contract.ts";
import { openWorkers } from "./miniflare.ts";

type ModuleType = "ESModule" | "CompiledWasm";
type Wrangler = {
  readonly main: string;
  readonly compatibility_date: string;
  readonly compatibility_flags: string[];
  readonly rules: readonly { readonly type: ModuleType; readonly globs: readonly string[] }[];
};

/** wrangler.jsonc; a mistake in its syntax is thrown. */
export async function readWrangler(): Promise<Wrangler> {
  const errors: ParseError[] = [];
  const config: Wrangler = parse(await readFile(`${ROOT}wrangler.jsonc`, "utf8"), errors);
  if (errors.length > 0) throw new Error("wrangler.jsonc is malformed");
  return config;
}

/** Everything that starts the bundle, without the files that `leaveOut` matches: a program that needs one of those fails. */
export async function workerOptions(bindings: Readonly<Record<string, string>>, leaveOut = /$^/) {
  const { main, rules, compatibility_date, compatibility_flags } = await readWrangler();
  const entry = main.slice(main.lastIndexOf("/"));
  const files = [...(await bundleHost(ROOT, "cloudflare"))].filter(
    ([name]) => !leaveOut.test(name),
  );
  const modules = files.map(([path, contents]) => {
    const type = rules.find(({ globs }) => globs.some((glob) => matchesGlob(path, glob)))?.type;
    if (type === undefined) throw new Error(`wrangler.jsonc has no rule for ${path}`);
    return { type, path: `/worker/${path}`, contents };
  });
  return {
    modulesRoot: "/worker",
    // The first one is the entry.
    modules: modules.toSorted(
      (one, other) => Number(other.path.endsWith(entry)) - Number(one.path.endsWith(entry)),
    ),
    compatibilityDate: compatibility_date,
    compatibilityFlags: compatibility_flags,
    bindings,
  };
}

/** Starts workerd with the bundle. */
export async function startWorkers(
  ...asked: Parameters<typeof workerOptions>
): Promise<RunningHost> {
  const workers = await openWorkers(await workerOptions(...asked));
  const { origin } = await workers.ready;
  return { fetch: forwardTo(origin), close: () => workers.dispose() };
}
