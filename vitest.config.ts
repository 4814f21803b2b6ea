import { defineConfig } from "vitest/config";

const TESTS = "{src,test,action,functions,scripts,bin}/**/*.test.ts";
const SLOW = "**/*.slow.test.ts";

export default defineConfig({
  test: {
    projects: [
      { extends: true, test: { name: "fast", include: [TESTS], exclude: [SLOW] } },
      { extends: true, test: { name: "slow", include: [TESTS.replace("*.test", "*.slow.test")] } },
    ],
    globalSetup: "test/set-up.ts",
    // What hangs, not what is slow: a busy machine may take ten times as long as an idle one.
    testTimeout: 300_000,
    // Database servers, browsers and other runtimes are started there.
    hookTimeout: 300_000,
    // Tests wait for processes and disks more than they compute. By default Vitest leaves one core idle.
    maxWorkers: "100%",
    restoreMocks: true,
  },
});
