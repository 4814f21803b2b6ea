// The project's own workflows: whatever they use stays what it is, and no step gets more than its job needs.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { ROOT } from "./pages.ts";

const FOLDER = join(ROOT, ".github/workflows");
const files = await Promise.all(
  (await readdir(FOLDER)).map(async (name) => ({
    name,
    text: await readFile(join(FOLDER, name), "utf8"),
  })),
);

type Step = {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
};
type Job = { readonly container?: string; readonly steps: readonly Step[] };

const jobsOf = (text: string): Job[] => Object.values(parse(text).jobs);

describe.each(files)("$name", ({ text }) => {
  const lines = text.split("\n");

  test("pins each Action to a commit, with its version beside it", () => {
    const used = lines.filter((line) => /\buses:/.test(line));
    expect(
      used.filter((line) => !/uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line)),
    ).toEqual([]);
  });

  test("gives nothing by default, and a reason with each permission", () => {
    expect(parse(text).permissions).toEqual({});
    expect(
      lines.filter((line) => /^ +[a-z-]+: (?:read|write)\b/.test(line) && !line.includes(" # ")),
    ).toEqual([]);
  });

  test("leaves no credentials where other people's code runs", () => {
    const checkouts = jobsOf(text).flatMap(({ steps }) =>
      steps.filter(({ uses }) => uses?.startsWith("actions/checkout@")),
    );
    expect(checkouts.length).toBeGreaterThan(0);
    for (const step of checkouts) expect(step.with?.["persist-credentials"]).toBe(false);
  });

  test("checks where the packages that the tests need are to be had", () => {
    const checking = jobsOf(text).filter(({ steps }) => steps.some(({ run }) => run === ".ci/run"));
    expect(checking.map(({ container }) => container)).toEqual(checking.map(() => "debian:trixie"));
  });
});
