import { expect, test } from "vitest";
import { Denied, Misconfigured, Unchanged } from "./errors.ts";
import type { Preparation } from "./prepare.ts";
import type { Run } from "./run.ts";
import { reviseAfter } from "./run-record.ts";
import type { TokenConfig } from "./schema.ts";
import type { Selected } from "./select.ts";
import { type Home, NEW_TOKEN_STATE, resolveToken, type Token } from "./token.ts";

const NOW = new Date("2026-03-01T00:00:00Z");
const HOME: Home = { kind: "github", repository: "acme/widgets" };
const CONFIG: TokenConfig = { version: 1, tokens: { ALPHA: {} } };

function token(): Token {
  const found = resolveToken(CONFIG, "ALPHA", HOME);
  if (found === null) throw new Error("ALPHA is declared above");
  return found;
}

const selected: Selected = { token: token(), state: NEW_TOKEN_STATE, reason: "never rotated", how: "issue" };

function runOf(): Run {
  const never = () => Promise.reject(new Error("nothing is reached here"));
  const source = { store: { load: never, save: never }, path: "token_config.json", home: HOME, whenMissing: "error" } as const;
  return {
    request: { wanted: { kind: "due" }, triggeredBy: { kind: "schedule" }, dryRun: false },
    options: { home: HOME, issuer: never, destination: never, fingerprintKey: null, source, clock: () => NOW, runId: "run-1" },
    startedAt: NOW,
    selection: { selected: [selected], skipped: [], workflows: [], unseen: [] },
    observed: [],
  };
}

function failing(error: Error, attempted: boolean) {
  const preparations: Preparation[] = [{ ok: false, selected, error, attempted }];
  return reviseAfter(CONFIG, runOf(), { taken: [], preparations, outcomes: new Map(), revoked: [] }, NOW)?.config.state?.tokens?.ALPHA;
}

test("an issuer that fails is asked again later and later, also where nothing else happened in the run", () => {
  const failed = failing(new Unchanged("the issuer is down", { code: "issuer-down" }), true);
  expect(failed).toMatchObject({ failures: 1, next_attempt_at: "2026-03-01T00:05:00.000Z", last_error: { code: "issuer-down" } });
});

test("what was refused before an issuer was asked, or for the request's own mistake, leaves no trace by itself", () => {
  expect(failing(new Denied("may not", { code: "permission-missing" }), false)).toBeUndefined();
  expect(failing(new Misconfigured("the value is empty", { code: "empty-value" }), true)).toBeUndefined();
});
