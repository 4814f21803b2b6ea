// Settings that must precede every other import, so that a run with nothing to do ends soon.
import { setFlagsFromString } from "node:v8";
import { config } from "zod";

// A run reads one config, and compiling validators for it takes longer than it saves.
config({ jitless: true });

// Node's fetch parses HTTP in WebAssembly. V8 would begin to optimize it at the first answer, and the process would then
// wait for that at its end, for a sixth of its time. Code that Node brings compiled is valid for the flags
// that were set when it is loaded, so fetch is loaded first.
void globalThis.Response;
setFlagsFromString("--wasm-tiering-budget=1000000000");
