import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{src,action,functions,scripts}/**/*.test.ts"],
    testTimeout: 30_000,
    restoreMocks: true,
  },
});
