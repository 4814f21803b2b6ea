// Names: no word of the domain in the lowest room, and each exported type once.
import { HOUSE } from "../house.ts";
import type { Finding } from "./finding.ts";
import type { Module } from "./module.ts";

/** Exported names in `core/base/` that hold a word of the vocabulary. */
export function checkBaseWords(modules: readonly Module[]): Finding[] {
  return modules
    .filter(({ path }) => path.startsWith("src/core/base/"))
    .flatMap(({ path, exports }) =>
      exports.flatMap(({ name, line }) => {
        const word = wordsOf(name).find((each) => HOUSE.vocabulary.includes(each));
        if (word === undefined) return [];
        const what = `${name} has the word "${word}" of the vocabulary, which base does not know`;
        return [{ path, line, what, cure: "Move it to the room of that word, or rename it" }];
      }),
    );
}

/** Exported types, classes included, whose name another file exports too. */
export function checkTypeNames(modules: readonly Module[]): Finding[] {
  const first = new Map<string, string>();
  return modules.flatMap(({ path, exports }) =>
    exports
      .filter(({ isType }) => isType)
      .flatMap(({ name, line }) => {
        const before = first.get(name);
        first.set(name, before ?? path);
        if (before === undefined) return [];
        const what = `the type ${name} is declared in ${before} too`;
        return [{ path, line, what, cure: "Use that one, or give this one a name of its own" }];
      }),
  );
}

/** `MAX_TOKEN_AGE` and `maxTokenAge` are both max, token, age. */
function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .split("_");
}
