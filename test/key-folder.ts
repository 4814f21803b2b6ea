// A little service of keys that is kept in files, and programs in three languages that know it: what `command` is tested with.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { IssuerDeclaration } from "../src/core/model/schema.ts";

const PROGRAMS = fileURLToPath(new URL("programs/", import.meta.url));

/** The interpreter itself: what stands for it in the PATH may be a script that takes longer than all the rest. */
export const PYTHON =
  spawnSync("python3", ["-c", "import sys; print(sys.executable)"], {
    encoding: "utf8",
  }).stdout?.trim() || "python3";

/** How to run the service's program in each language. */
export const KEY_PROGRAMS = {
  sh: ["sh", join(PROGRAMS, "keys.sh")],
  python: [PYTHON, join(PROGRAMS, "keys.py")],
  node: [process.execPath, join(PROGRAMS, "keys.mjs")],
} as const;

/** What the program in Python does wrong, by action. `$KEY` in a text stands for the administrator's key that it was given. */
export type KeyFaults = Partial<
  Record<
    "issue" | "check" | "revoke" | "find",
    {
      /** Printed in place of an answer, nothing done. */
      readonly instead?: string;
      readonly stderr?: string;
      readonly hang?: true;
      readonly children?: true;
      /** That number of characters, then the answer. */
      readonly print?: number;
      readonly exit?: number;
      /** By this signal's number, once it has acted. */
      readonly signal?: number;
      /** It acts; then this, or with `exit`, after its answer. */
      readonly after?: "hang" | "silence" | true;
      /** Fields of the answer that are replaced. */
      readonly answer?: Readonly<Record<string, unknown>>;
    }
  >
>;

type Asked = {
  readonly action: string;
  readonly argv: string[];
  readonly cwd: string;
  readonly label?: string;
};

/** Looks into the folder that the programs keep keys in. */
export function keyFolder(directory: string) {
  const faults = join(directory, "fault.json");
  const asked = join(directory, "asked.jsonl");
  const refs = () => readdirSync(directory).filter((name) => !name.includes("."));
  const key = (ref: string) => {
    const [label = "", value = ""] = readFileSync(join(directory, ref), "utf8").split("\n");
    return { ref, label, value };
  };
  return {
    directory,
    /** Every key that works now. */
    keys: () => refs().map(key),
    /** The questions so far, in order, less one whose line is only being written; only the program in Python notes them. */
    asked: (): Asked[] => {
      const lines = existsSync(asked) ? readFileSync(asked, "utf8").split("\n").slice(0, -1) : [];
      return lines.map((line) => JSON.parse(line));
    },
    fault: (what: KeyFaults) => writeFileSync(faults, JSON.stringify(what)),
    repair: () => rmSync(faults, { force: true }),
    /** A key that a person made by hand. */
    add: (ref: string, label: string) =>
      writeFileSync(join(directory, ref), `${label}\nby-hand-${ref}\n`),
  };
}

export type KeyFolder = ReturnType<typeof keyFolder>;

/** The declaration of an issuer over the folder that the variable KEYS_DIR names. */
export function keysDeclared(
  language: keyof typeof KEY_PROGRAMS = "python",
  more: Partial<Extract<IssuerDeclaration, { use: "command" }>> = {},
): Extract<IssuerDeclaration, { use: "command" }> {
  return { use: "command", run: [...KEY_PROGRAMS[language]], env: ["KEYS_DIR"], ...more };
}
