// The folder of functions as Netlify reads it: by the names of files, and by the parts of `config` that are visible without running it.
import { readdir, readFile } from "node:fs/promises";
import { extname } from "node:path";
import { expect, test } from "vitest";
import { ROUTES } from "../../functions/hosts/routes.ts";

const FUNCTIONS = new URL("../../functions/", import.meta.url);

async function entries() {
  const found = await readdir(FUNCTIONS, { withFileTypes: true });
  return {
    files: found.filter((entry) => entry.isFile()).map((entry) => entry.name),
    folders: found.filter((entry) => entry.isDirectory()).map((entry) => entry.name),
  };
}

test("each file at the top is one function: a default export, and a literal path", async () => {
  const { files } = await entries();
  const paths = await Promise.all(
    files.map(async (file) => {
      expect(extname(file)).toBe(".ts");
      const text = await readFile(new URL(file, FUNCTIONS), "utf8");
      const module = await import(new URL(file, FUNCTIONS).href);
      const literal = /^export const config = \{ path: "([^"]+)" \};$/m.exec(text)?.[1];
      expect([typeof module.default, module.default.path, module.config]).toEqual([
        "function",
        literal,
        { path: literal },
      ]);
      expect(new Set(Object.keys(module))).toEqual(new Set(["config", "default"]));
      return literal;
    }),
  );
  expect(paths).toHaveLength(ROUTES.length);
  expect(new Set(paths)).toEqual(new Set(ROUTES.map(({ path }) => path)));
});

test("no subfolder is a function: an index file, or a file of its own name, would make it one", async () => {
  for (const folder of (await entries()).folders) {
    const names = (await readdir(new URL(`${folder}/`, FUNCTIONS))).map((name) =>
      name.slice(0, -extname(name).length),
    );
    expect(names).not.toContain("index");
    expect(names).not.toContain(folder);
  }
});
