// A loader of modules that takes the types out of a TypeScript file.
// https://nodejs.org/docs/latest-v20.x/api/module.html#loadurl-context-nextload
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { transform } from "rolldown/utils";

const TYPESCRIPT = /^file:.*\.ts$/;

/**
 * The hook that Node.js calls for each module. What it returns may import @oxc-project/runtime: the compiler
 * rewrites a tagged template that holds `</script`.
 * @type {import("node:module").LoadHook}
 */
export async function load(url, context, nextLoad) {
  if (!TYPESCRIPT.test(url)) return nextLoad(url, context);
  const file = fileURLToPath(url);
  const { code, map, errors } = await transform(file, await readFile(file, "utf8"), {
    sourcemap: true,
    tsconfig: false,
    typescript: { onlyRemoveTypeImports: true },
  });
  if (errors.length > 0) throw new SyntaxError(errors.map(({ message }) => message).join("\n"));
  return { format: "module", source: `${code}\n${inline(map)}`, shortCircuit: true };
}

function inline(map) {
  const base64 = Buffer.from(JSON.stringify(map)).toString("base64");
  return `//# sourceMappingURL=data:application/json;base64,${base64}`;
}
