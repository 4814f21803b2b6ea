// TypeScript for a Node.js that cannot read it by itself: `node --import ./scripts/typescript.js FILE`.
// Node.js 20 needs it, 22.18 and newer do not. The compiler is the bundler's, which is here anyway.
import { register } from "node:module";

if (!process.features.typescript) register("./typescript-loader.js", import.meta.url);
