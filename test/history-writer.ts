// A process that notes an entry in the history over and over: `history-writer.ts DIRECTORY PATH`.
import { localStore } from "../src/adapters/stores/local.ts";
import { entryOf, loadRecord, type RecordSource, reviseRecord } from "../src/core/record/record.ts";

const [directory = "", path = ""] = process.argv.slice(2);
const source: RecordSource = {
  store: localStore({ directory }),
  path,
  home: { kind: "local", repository: null },
  whenMissing: "empty",
  clock: () => new Date(),
};
/** Large enough for a write to be caught half-way. */
const PADDING = "x".repeat(100_000);
for (let index = 0; ; index += 1) {
  const now = new Date();
  await reviseRecord(source, await loadRecord(source), (config) => ({
    config: { ...config, "x-note": `${index} ${PADDING}` },
    entries: [
      {
        ...entryOf({ event: "noted", name: null, triggeredBy: { kind: "cli" }, now }),
        padding: PADDING.slice(0, 1000),
      },
    ],
    message: `Note ${index}`,
  }));
  process.stdout.write(`${index}\n`);
}
