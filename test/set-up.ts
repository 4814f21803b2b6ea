// The set-up of all test files: the built CLI, and the list of skipped tools, which is printed at the end.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { buildCli } from "../scripts/cli-bundle.ts";
import { NOTES, renderMissing } from "./require-tool.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The entry of the CLI. It is built once, since each process that reads the sources takes half a second more. */
    readonly cli: string;
  }
}

/** Vitest calls it before the first test file. @returns what Vitest calls after the last one */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "token-automation-tests-"));
  await buildCli(join(folder, "cli"));
  project.provide("cli", join(folder, "cli/cli.js"));
  const notes = await mkdtemp(join(folder, "notes-"));
  process.env[NOTES] = notes;
  return async () => {
    process.stderr.write(renderMissing(notes));
    await rm(folder, { recursive: true, force: true });
  };
}
