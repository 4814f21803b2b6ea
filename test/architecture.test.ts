// The rules of the house, held against its sources. The rules are in test/rules/, the rooms in test/house.ts.
import { beforeAll, describe, expect, test } from "vitest";
import { HOUSE } from "./house.ts";
import { checkCircles, checkInlineTypes } from "./rules/circles.ts";
import { checkBarrels, checkDoors } from "./rules/doors.ts";
import { checkHeads, checkLength, checkSmallFiles } from "./rules/files.ts";
import { report } from "./rules/finding.ts";
import { type Module, parseModule } from "./rules/module.ts";
import { checkBaseWords, checkTypeNames } from "./rules/names.ts";
import { checkHeavyPackages, checkPurity, checkReveals } from "./rules/purity.ts";
import { checkDirections, checkFunctions, checkPlaces } from "./rules/rooms.ts";
import { readSources } from "./sources.ts";

let product: readonly Module[];
let everything: readonly Module[];
beforeAll(async () => {
  const sources = await readSources(["action", "functions", "src", "scripts", "test", "bench"]);
  everything = sources.map(parseModule);
  product = everything.filter(({ path }) => !/^(?:test|bench)\//.test(path));
});

test("there is something to judge", () => {
  expect(product.length).toBeGreaterThan(250);
  expect(product.flatMap(({ imports }) => imports).length).toBeGreaterThan(1000);
  for (const room of HOUSE.core) {
    const prefix = `src/core/${room}`;
    expect(
      product.some(({ path }) => path.startsWith(prefix)),
      prefix,
    ).toBe(true);
  }
});

describe("rooms", () => {
  test("every file stands in one", () => {
    expect(report(checkPlaces(product))).toEqual([]);
  });

  test("import in one direction, types included", () => {
    expect(report(checkDirections(everything))).toEqual([]);
  });

  test("functions/ reaches the app through src/http", () => {
    expect(report(checkFunctions(product))).toEqual([]);
  });

  test("are entered by their doors", () => {
    expect(report(checkDoors(product))).toEqual([]);
  });
});

describe("files", () => {
  test("import each other in no circle, types included", () => {
    expect(report(checkCircles(everything))).toEqual([]);
  });

  test("import their types at their head", () => {
    expect(report(checkInlineTypes(everything))).toEqual([]);
  });

  test("do more than pass on what others export", () => {
    expect(report(checkBarrels(everything))).toEqual([]);
  });

  test(`have at most ${HOUSE.longest} lines`, () => {
    expect(report(checkLength(product))).toEqual([]);
  });

  test("say first what lives in them", () => {
    expect(report(checkHeads(product))).toEqual([]);
  });

  test("are not cut out of their only importer without a reason", () => {
    expect(report(checkSmallFiles(product))).toEqual([]);
  });
});

describe("names", () => {
  test("in core/base are no words of the vocabulary", () => {
    expect(report(checkBaseWords(product))).toEqual([]);
  });

  test("of exported types exist once", () => {
    expect(report(checkTypeNames(product))).toEqual([]);
  });
});

describe("the world", () => {
  test("is not reached by the core", () => {
    expect(report(checkPurity(product))).toEqual([]);
  });

  test("costs a heavy package only when it is needed", () => {
    expect(report(checkHeavyPackages(product))).toEqual([]);
  });

  test("sees a secret only through the files that say why", () => {
    expect(report(checkReveals(product))).toEqual([]);
  });
});
