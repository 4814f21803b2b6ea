import { expect, test } from "vitest";
import { locate, pointerOf } from "./positions.ts";

test("a pointer escapes as RFC 6901 says", () => {
  expect(pointerOf([])).toBe("");
  expect(pointerOf(["a/b", "m~n", 0, "", "~1"])).toBe("/a~1b/m~0n/0//~01");
});

test("finds keys, values, members of lists, and the parts around what is missing", () => {
  const text = '{\r\n  "a": [1, {"b": "x"}, [2]],\n\t"": {"ü\\n": null}\n}';
  const find = (path: (string | number)[], on: "key" | "value" = "value") => {
    const [position] = locate(text, [{ path, on }]);
    return `${position?.line}:${position?.column}`;
  };
  expect(find([])).toBe("1:1");
  expect(find([], "key")).toBe("1:1");
  expect(find(["a"])).toBe("2:8");
  expect(find(["a"], "key")).toBe("2:3");
  expect(find(["a", 0])).toBe("2:9");
  expect(find(["a", 1, "b"])).toBe("2:18");
  expect(find(["a", 1, "b"], "key")).toBe("2:13");
  expect(find(["a", 2, 0])).toBe("2:25");
  expect(find(["a", 1, "missing"])).toBe("2:12");
  expect(find(["a", 1, "missing", "deeper"], "key")).toBe("2:12");
  expect(find(["a", 7])).toBe("2:8");
  expect(find(["", "ü\n"])).toBe("3:14");
  expect(find(["", "ü\n"], "key")).toBe("3:7");
  expect(find(["nowhere"])).toBe("1:1");
});

test("finds many at once, in the order asked for, and the last of a key that stands twice", () => {
  const places = [
    { path: ["b"], on: "key" },
    { path: ["a"], on: "value" },
    { path: ["b"], on: "value" },
  ] as const;
  expect(locate('{"a":1,"b":2,\n"a":3}', places)).toEqual([
    { line: 1, column: 8 },
    { line: 2, column: 5 },
    { line: 1, column: 12 },
  ]);
});
