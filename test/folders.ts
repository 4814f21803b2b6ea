// Temporary folders and repositories that are gone after each test of the file that asks for them.
import { afterEach } from "vitest";
import { type TestRepository, temporaryFolder, testRepository } from "./git-repository.ts";

/** Call it once at the head of a test file. */
export function useFolders() {
  const closing: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    await Promise.all(closing.splice(0).map((each) => each.close()));
  });
  const kept = <Closable extends { close(): Promise<void> }>(made: Closable): Closable => {
    closing.push(made);
    return made;
  };
  return {
    folder: async (): Promise<string> => kept(await temporaryFolder()).path,
    repository: async (): Promise<TestRepository> => kept(await testRepository()),
  };
}
