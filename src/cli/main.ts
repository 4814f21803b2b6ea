// The entry: the process in, the exit code out.
import process from "node:process";
import { main } from "./cli.ts";
import { processIo } from "./session/io.ts";

// Not process.exit, since output on its way to a pipe must arrive.
process.exitCode = await main(process.argv.slice(2), processIo());
