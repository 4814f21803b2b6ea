// An old Node.js gets one sentence, and every program here asks for it.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { refusalOfNode } from "./node-version.js";

const read = (path: string) => readFileSync(fileURLToPath(new URL(path, import.meta.url)), "utf8");

test.each([
  ["18.20.8", "token-automation needs Node 20.19 or newer, this is 18.20"],
  ["20.18.3", "token-automation needs Node 20.19 or newer, this is 20.18"],
  ["8.17.0", "token-automation needs Node 20.19 or newer, this is 8.17"],
  ["20.19.0", null],
  ["22.0.0", null],
  ["24.21.0", null],
  ["26.0.0-nightly", null],
])("Node %s", (version, refusal) => {
  expect(refusalOfNode(version)).toBe(refusal);
});

test("the sentence and package.json name the same version", () => {
  const { engines } = JSON.parse(read("../package.json"));
  expect(engines).toEqual({ node: ">=20.19" });
  expect(refusalOfNode("0.0.0")).toContain(`Node ${engines.node.slice(2)} `);
});

test.each(["token-automation.js", "../scripts/run.js"])(
  "%s loads nothing before the version is known",
  (path) => {
    const imports = [...read(path).matchAll(/^import .* from "(.*)";$/gm)].map(([, from]) => from);
    expect(imports.map((from) => from?.replace(/^.*\//, ""))).toEqual(["node-version.js"]);
  },
);
