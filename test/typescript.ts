// TypeScript files of this project as programs of their own.
import { fileURLToPath } from "node:url";

const LOADER = fileURLToPath(new URL("../scripts/typescript.js", import.meta.url));

/** What `node` needs before the name of a TypeScript file: nothing if it reads TypeScript by itself. */
export const TYPESCRIPT: readonly string[] = process.features.typescript
  ? []
  : ["--import", LOADER];
