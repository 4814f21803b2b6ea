// The lock between processes: held, given back, left behind, and lost.
import { existsSync } from "node:fs";
import { mkdir, rm, utimes } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { temporaryFolder } from "../../../test/git-repository.ts";
import { withFileLock } from "./file-lock.ts";

const ONE_TRY: number[] = [];
let directory: string;
let path: string;
let close: () => Promise<void>;
beforeEach(async () => {
  ({ path: directory, close } = await temporaryFolder());
  path = join(directory, "record.lock");
});
afterEach(() => close());

test("is held during the action and given back after it, even if it fails", async () => {
  expect(await withFileLock(path, async () => existsSync(path))).toBe(true);
  expect(existsSync(path)).toBe(false);
  await expect(
    withFileLock(path, () => Promise.reject(new Error("as it happens"))),
  ).rejects.toThrow("as it happens");
  expect(existsSync(path)).toBe(false);
});

test("another process is refused after the last try", async () => {
  const second = withFileLock(path, () => withFileLock(path, async () => "never", ONE_TRY));
  await expect(second).rejects.toMatchObject({ name: "Unchanged", code: "locked" });
});

test("one that a dead owner left behind is taken over", async () => {
  await mkdir(path);
  // However long this machine takes to look: it is not old.
  const ahead = new Date(Date.now() + 3_600_000);
  await utimes(path, ahead, ahead);
  await expect(withFileLock(path, async () => "never", ONE_TRY)).rejects.toMatchObject({
    code: "locked",
  });
  const longAgo = new Date(Date.now() - 11_000);
  await utimes(path, longAgo, longAgo);
  expect(await withFileLock(path, async () => "taken over", ONE_TRY)).toBe("taken over");
});

test("an owner whose lock was taken over stops before it writes", async () => {
  const overtaken = withFileLock(path, async (stillHeld) => {
    await stillHeld();
    await rm(path, { recursive: true });
    await mkdir(path);
    await stillHeld();
  });
  await expect(overtaken).rejects.toMatchObject({ name: "Unchanged", code: "lock-lost" });
  expect(existsSync(path)).toBe(true);
});

test("a lock that cannot be made is reported at once", async () => {
  await expect(
    withFileLock(join(directory, "absent", "x.lock"), async () => "never"),
  ).rejects.toMatchObject({
    name: "Misconfigured",
    code: "not-writable",
  });
});
