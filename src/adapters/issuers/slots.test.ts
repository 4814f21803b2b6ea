// The account of the next password: never one that is in use, and never another token's.
import { describe, expect, test } from "vitest";
import { issueRequest } from "../../../test/issuing.ts";
import { chooseSlot, holds, inOrder, newMark, readRef, refOf, type Slot } from "./slots.ts";

const label = (generation: number) => `acme/widgets/DATABASE/g${generation}`;
const slot = (user: string, more: Partial<Slot> = {}): Slot => ({
  user,
  mark: null,
  open: true,
  own: false,
  ...more,
});
const given = (user: string, generation: number): Slot =>
  slot(user, { mark: newMark(label(generation)) });
const ref = (of: Slot) => (of.mark === null ? "" : refOf(of.user, of.mark));
const choose = (slots: readonly Slot[], generation: number, more = {}) =>
  chooseSlot(slots, issueRequest(generation, more)).user;

describe("a ref", () => {
  test.each(["app", "a:b", "line\nbreak", ""])("is read back as it was written: %j", (user) => {
    const mark = newMark(label(1));
    expect(readRef(refOf(user, mark))).toEqual(user === "" ? null : { user, nonce: mark.nonce });
  });

  test.each(["", "app", "0123:app", `${"0".repeat(32)}:`])(
    "of no issuer of this kind means nothing: %j",
    (text) => {
      expect(readRef(text)).toBeNull();
    },
  );

  test("means one password, not all that the account ever had", () => {
    const [before, after] = [given("a", 1), given("a", 1)];
    expect([
      holds(before, ref(before)),
      holds(after, ref(before)),
      holds(slot("a"), ref(before)),
    ]).toEqual([true, false, false]);
  });
});

describe("the next password goes", () => {
  test("to the other one, and back", () => {
    const [a, b] = [given("a", 1), given("b", 2)];
    expect(choose([a, slot("b")], 2, { current: ref(a) })).toBe("b");
    expect(choose([a, b], 3, { current: ref(b) })).toBe("a");
  });

  test("not to the one in use, even if its mark is gone or changed", () => {
    const a = given("a", 1);
    expect(choose([slot("a"), slot("b")], 2, { current: ref(a) })).toBe("b");
    expect(choose([given("a", 9), slot("b")], 2, { current: ref(a) })).toBe("b");
  });

  test("first of all to one without a login, else, at the beginning, to the last", () => {
    expect(choose([slot("a"), slot("b")], 1)).toBe("b");
    expect(choose([slot("a", { open: false }), slot("b")], 1)).toBe("a");
    expect(
      choose([given("c", 1), slot("a"), slot("b", { open: false })], 2, { current: "x" }),
    ).toBe("b");
  });

  test("over the password of a dead run, and over a revoked one", () => {
    const [a, orphan] = [given("a", 1), given("b", 2)];
    expect(choose([a, orphan], 3, { current: ref(a) })).toBe("b");
    expect(choose([a, slot("b")], 4, { current: ref(a), retiring: [ref(orphan)] })).toBe("b");
  });

  test("nowhere while the others are not revoked yet", () => {
    const [a, b, c] = [given("a", 1), given("b", 2), given("c", 3)];
    const full = { current: ref(b), retiring: [ref(a)] };
    expect(() => choose([a, b], 3, full)).toThrow(
      expect.objectContaining({ kind: "unchanged", code: "slots-full" }),
    );
    expect(choose([a, b, slot("c")], 3, full)).toBe("c");
    expect(() => choose([a, b, c], 4, { current: ref(c), retiring: [ref(a), ref(b)] })).toThrow(
      /"a", "b", "c"/,
    );
  });

  test("to the only one, which then has a new password at once", () => {
    const a = given("a", 1);
    expect(choose([a], 2, { current: ref(a), retiring: [] })).toBe("a");
  });
});

describe("refuses", () => {
  const taken = slot("b", { mark: newMark("acme/other/DATABASE/g1") });

  test("another token's account, unless the record says that it is this one's", () => {
    const a = given("a", 1);
    const refused = expect.objectContaining({ kind: "misconfigured", code: "user-taken" });
    expect(() => choose([a, taken], 2, { current: ref(a) })).toThrow(refused);
    expect(choose([a, taken, slot("c")], 2, { current: ref(a) })).toBe("c");
    // After a repository was renamed, the record still knows the password.
    expect(choose([taken], 2, { current: ref(taken) })).toBe("b");
  });

  test("the password of a later record, since this one was lost or set back", () => {
    const behind = expect.objectContaining({ kind: "misconfigured", code: "record-behind" });
    expect(() => choose([given("a", 7), given("b", 8)], 1)).toThrow(behind);
    expect(() =>
      choose([given("a", 7), given("b", 8)], 8, { current: ref(given("a", 7)) }),
    ).toThrow(behind);
  });

  test("users that are missing, named twice, or the administrator's own", () => {
    const asked = (...users: string[]) =>
      inOrder([slot("a"), slot("root", { own: true })], users, "PostgreSQL");
    expect(asked("a").map(({ user }) => user)).toEqual(["a"]);
    expect(() => asked("A")).toThrow(expect.objectContaining({ code: "user-missing" }));
    expect(() => asked("a", "a")).toThrow(expect.objectContaining({ code: "users-repeated" }));
    expect(() => asked("root")).toThrow(expect.objectContaining({ code: "user-is-admin" }));
  });
});
