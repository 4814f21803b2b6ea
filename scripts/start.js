// The start of a TypeScript file on a Node.js that is new enough.
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import "./typescript.js";

const [, , file = ""] = process.argv;
process.argv.splice(1, 2, resolve(file));
await import(pathToFileURL(resolve(file)).href);
