import { expect, test } from "vitest";
import type { TokenConfig } from "../model/schema.ts";
import { verifyRecord } from "./verify.ts";

test("what is not seen is named as its secrets are, where this process could see them", () => {
  const config: TokenConfig = {
    tokens: {
      API_KEY: { destinations: [{ to: "vault" }] },
      DATABASE: {
        destinations: [
          { to: "vault", secret: { DATABASE_URL: "url", DATABASE_PASSWORD: "value" } },
        ],
      },
      ELSEWHERE: {
        destinations: [{ to: "dependabot", repository: "acme/website", secret: "OTHER" }],
      },
    },
  };
  const options = {
    seen: new Map(),
    key: null,
    now: new Date("2026-03-01T12:00:00Z"),
    listings: new Map(),
    history: { entries: [], older: false },
  };
  const { tokens } = verifyRecord(config, {
    home: { kind: "local", repository: null },
    ...options,
  });
  expect(tokens.map(({ verdict, detail }) => [verdict, detail])).toEqual([
    ["not_seen", "this process sees no variable of that name"],
    ["not_seen", "this process sees no variable named DATABASE_URL or DATABASE_PASSWORD"],
    ["not_seen", "this process sees no variable of that name"],
  ]);
});
