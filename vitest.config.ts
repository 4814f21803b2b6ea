import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{src,test,action,functions,scripts}/**/*.test.ts"],
    // What hangs, not what is slow: a machine at work may take five times as long as an idle one.
    testTimeout: 90_000,
    // Database servers, browsers and other runtimes are started there.
    hookTimeout: 90_000,
    // Tests wait for processes and disks more than they compute; unless told, Vitest would leave one core idle.
    maxWorkers: "100%",
    restoreMocks: true,
  },
});
