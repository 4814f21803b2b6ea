// The origin of a clone, in every form in which git writes one.
import { expect, test } from "vitest";
import { temporaryFolder, testRepository } from "../../../test/git-repository.ts";
import { gitIn } from "./git.ts";
import { localRepository, repositoryOf } from "./repository.ts";

test.each([
  ["https://github.com/acme/shop.git", "acme/shop"],
  ["https://github.com/acme/shop", "acme/shop"],
  ["https://github.com/acme/shop/", "acme/shop"],
  ["https://user:password@ghe.example.com:8443/acme/shop.js.git", "acme/shop.js"],
  ["ssh://git@github.com/acme/shop.git", "acme/shop"],
  ["ssh://git@ssh.github.com:443/acme/shop.git", "acme/shop"],
  ["git@github.com:acme/shop.git", "acme/shop"],
  ["git@github.com:/acme/shop.git", "acme/shop"],
  ["work-alias:acme/shop", "acme/shop"],
  ["git://github.com/acme/shop.git", "acme/shop"],
  ["https://github.com/acme/.github.git", "acme/.github"],
  ["https://gitlab.example.com/group/sub/shop.git", null],
  ["https://github.com/shop.git", null],
  ["https://github.com/acme/..", null],
  ["https://github.com/-acme/shop", null],
  ["/srv/git/shop.git", null],
  ["../shop", null],
  ["C:/work/shop", null],
  ["file:///srv/acme/shop.git", null],
  ["", null],
])("%s is %s", (url, repository) => {
  expect(repositoryOf(url)).toBe(repository);
});

test("is read from the repository that a folder lies in", async () => {
  const repository = await testRepository();
  const git = gitIn(repository.directory, repository.environment);
  expect(await localRepository(repository.directory, git)).toBeNull();
  await repository.git("remote", "add", "origin", "git@github.com:acme/shop.git");
  expect(await localRepository(repository.directory, git)).toBe("acme/shop");
  await repository.close();
});

test("is null without a repository, and without git", async () => {
  const folder = await temporaryFolder();
  expect(await localRepository(folder.path)).toBeNull();
  expect(
    await localRepository(folder.path, gitIn(folder.path, { PATH: "/nonexistent" })),
  ).toBeNull();
  await folder.close();
});
