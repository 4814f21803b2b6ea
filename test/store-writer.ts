// A process that saves a record over and over: `store-writer.ts DIRECTORY PATH`.
import { localStore } from "../src/adapters/stores/local.ts";

const [directory = "", path = ""] = process.argv.slice(2);
const store = localStore({ directory });
/** Large enough for a write to be caught half-way. */
const PADDING = "x".repeat(300_000);
for (let index = 0; ; index += 1) {
  const { version: expected } = await store.load([path]);
  await store.save({
    expected,
    files: new Map([[path, `${JSON.stringify({ index, padding: PADDING })}\n`]]),
    message: `Save ${index}`,
  });
  process.stdout.write(`${index}\n`);
}
