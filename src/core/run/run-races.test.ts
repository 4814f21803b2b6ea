import { describe, expect, test } from "vitest";
import { NOW, recordsOnGitHub } from "../../../test/record-on-github.ts";
import { credential } from "../../../test/token-states.ts";
import { Secret } from "../base/secret.ts";
import type { TokenState } from "../model/schema.ts";
import type { RunRequest } from "./request.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const PATH = "token_config.json";
const daily = { interval_hours: 24 };
const ONE = { version: 1, tokens: { ALPHA: {} }, rules: { ALPHA: daily } };

const world = recordsOnGitHub();

const due: RunRequest = {
  wanted: { kind: "due" },
  triggeredBy: { kind: "schedule" },
  dryRun: false,
};
const asked = (name: string, value: Secret | null = null): RunRequest => ({
  wanted: { kind: "tokens", names: [name], value, create: false },
  triggeredBy: { kind: "cli" },
  dryRun: false,
});
const resume: RunRequest = { ...due, wanted: { kind: "resume", names: ["ALPHA"] } };
const refused = { kind: "status", status: 422, body: { message: "no" } } as const;
const placing = { method: "PUT" } as const;

describe("a lease", () => {
  test("covers everything that its run places, not only the token's own", async () => {
    const names = Array.from({ length: 12 }, (_, index) => `TOKEN_${index}`);
    const tokens = Object.fromEntries(names.map((name) => [name, {}]));
    const { open, journals } = await world(
      { version: 1, tokens, rules: Object.fromEntries(names.map((name) => [name, daily])) },
      "public",
    );
    await (await open()).run(due);
    const [one] = journals("TOKEN_0");
    expect(Date.parse(one?.lease_until ?? "") - NOW.getTime()).toBe(90_000 + 12_000);
  });

  test("that is over ends the placing: another run may have taken the tokens up", async () => {
    const names = Array.from({ length: 11 }, (_, index) => `TOKEN_${index}`);
    const tokens = Object.fromEntries(names.map((name) => [name, {}]));
    const config = {
      version: 1,
      tokens,
      rules: Object.fromEntries(names.map((name) => [name, daily])),
    };
    const { github, repository, open, passed, state } = await world(config, "public");
    // Ten are placed at once; whatever comes after the first answer finds the lease over.
    github.faults.add({
      match: placing,
      times: 99,
      action: { kind: "call", before: () => passed(10 * MINUTE) },
    });
    const report = await (await open()).run(due);
    expect(report).toMatchObject({ rotated: names.slice(0, 10), failed: ["TOKEN_10"] });
    expect(report.tokens[10]?.error).toMatchObject({ kind: "unchanged", code: "lease-over" });
    expect(repository.secret("TOKEN_10")).toBeNull();
    expect(state("TOKEN_10")).toMatchObject({
      current: null,
      failures: 1,
      last_error: { code: "lease-over" },
    });
  });

  test("lets the next run place what was journalled at once, and no run make a new one before it is over", async () => {
    const { github, repository, open, passed, state } = await world(ONE, "private");
    github.faults.add({
      match: { graphql: "mutation", nth: 2 },
      times: 99,
      action: { kind: "status", status: 403, body: {} },
    });
    await (await open()).run(due);
    const placed = repository.secret("ALPHA")?.value;
    github.faults.clear();
    passed(MINUTE / 2);
    expect((await (await open()).run(due)).tokens).toMatchObject([
      { status: "resumed", generation: 1 },
    ]);
    expect(state()).toMatchObject({ current: { generation: 1 }, pending: null });
    expect(repository.secret("ALPHA")?.value).toBe(placed);
    expect(await (await open()).run(asked("ALPHA"))).toMatchObject({
      skipped: ["ALPHA"],
      commit: null,
    });
    expect(repository.secret("ALPHA")?.value).toBe(placed);
    passed(2 * MINUTE);
    expect(await (await open()).run(asked("ALPHA"))).toMatchObject({ rotated: ["ALPHA"] });
    expect(state()).toMatchObject({ current: { generation: 2 }, pending: null });
    expect(state()?.busy_until).toBeUndefined();
  });

  test("keeps every other run away where nothing but the intent was journalled", async () => {
    const { github, open, passed } = await world(ONE, "public");
    github.faults.add({
      match: { graphql: "mutation", nth: 2 },
      times: 99,
      action: { kind: "status", status: 403, body: {} },
    });
    await (await open()).run(due);
    github.faults.clear();
    passed(MINUTE);
    for (const request of [due, asked("ALPHA"), resume]) {
      expect(await (await open()).run(request)).toMatchObject({ skipped: ["ALPHA"], commit: null });
    }
    passed(2 * MINUTE);
    expect(await (await open()).run(due)).toMatchObject({
      rotated: ["ALPHA"],
      tokens: [{ generation: 2 }],
    });
  });

  test("and its boxes are given up where a later generation is recorded, as by a merge: none is gone back to", async () => {
    const { github, repository, open, passed, edit, state } = await world(ONE);
    await (await open()).run(due);
    passed(25 * HOUR);
    github.faults.add({ match: placing, action: refused });
    expect(await (await open()).run(due)).toMatchObject({ failed: ["ALPHA"] });
    const { current } = state() ?? expect.fail();
    const [here = ""] = Object.keys(current?.destinations ?? {});
    const placed = { status: "placed", generation: 5, placed_at: NOW.toISOString() } as const;
    edit((config) => {
      const merged: TokenState = {
        ...(state() ?? expect.fail()),
        current: credential({ ...current, generation: 5, destinations: { [here]: placed } }),
      };
      return { ...config, state: { ...config.state, tokens: { ALPHA: merged } } };
    });
    const before = repository.secret("ALPHA")?.value;
    passed(27 * HOUR);
    expect((await (await open()).run(due)).tokens).toMatchObject([
      { status: "rotated", generation: 6 },
    ]);
    expect(state()).toMatchObject({ current: { generation: 6 }, pending: null });
    expect(repository.secret("ALPHA")?.value).not.toBe(before);
  });

  test("ends with its run: who comes after a failure need not wait for it", async () => {
    const { github, open, state } = await world(ONE, "public");
    github.faults.add({ match: placing, action: refused });
    expect(await (await open()).run(due)).toMatchObject({ failed: ["ALPHA"] });
    expect(await (await open()).run(asked("ALPHA"))).toMatchObject({ rotated: ["ALPHA"] });
    expect(state()).toMatchObject({ current: { generation: 2 }, pending: null });
  });

  test("by a clock that was far ahead is not waited for", async () => {
    const { github, open, passed, state } = await world(ONE, "public");
    passed(365 * 24 * HOUR);
    github.faults.add({
      match: { graphql: "mutation", nth: 2 },
      times: 99,
      action: { kind: "status", status: 403, body: {} },
    });
    await (await open()).run(due);
    github.faults.clear();
    passed(0);
    expect(await (await open()).run(asked("ALPHA"))).toMatchObject({ rotated: ["ALPHA"] });
    expect(state()).toMatchObject({ current: { generation: 2 }, pending: null });
  });

  test("holds off a person who would give up what a run is placing", async () => {
    const { github, open, state } = await world(ONE, "private");
    const person = await open();
    const answers: unknown[] = [];
    github.faults.add({
      match: placing,
      action: {
        kind: "call",
        before: async () =>
          void answers.push(
            await person.abort("ALPHA", { kind: "cli" }).catch((error) => error.code),
          ),
      },
    });
    expect(await (await open()).run(due)).toMatchObject({ rotated: ["ALPHA"] });
    expect(answers).toEqual(["in-progress"]);
    expect(state()).toMatchObject({ current: { generation: 1 }, pending: null });
  });
});

describe("a record that changed between reading and journalling", () => {
  test("by a generation that was begun and given up: its number is not used again", async () => {
    const { github, open, journals, state } = await world(ONE, "private");
    const other = await open();
    github.faults.add({
      match: { graphql: "mutation" },
      action: {
        kind: "call",
        before: async () => {
          github.faults.add({ match: placing, action: refused });
          await other.run(due);
          await other.abort("ALPHA", { kind: "cli" });
        },
      },
    });
    const report = await (await open()).run(due);
    expect(report.tokens).toMatchObject([
      { status: "skipped", reason: "another run took it up meanwhile" },
    ]);
    expect(state()).toMatchObject({ current: null, pending: null, abandoned_generation: 1 });
    const values = new Set(
      journals("ALPHA").map(({ generation, fingerprint }) => `${generation} ${fingerprint}`),
    );
    expect(values.size).toBe(1);
  });

  test("by a drift that was seen: no schedule overwrites it", async () => {
    const { github, repository, open, passed, state } = await world(ONE, "private");
    await (await open()).run(due);
    const value = repository.secret("ALPHA")?.value;
    passed(25 * HOUR);
    const seen = new Map([["ALPHA", new Secret("canary-drift-71c2")]]);
    const drifted = {
      ...structuredClone(state()),
      drift: { at: "2026-03-02T00:59:00Z", message: "something else was seen" },
    };
    expect(seen.size).toBe(1);
    github.faults.add({
      match: { graphql: "mutation" },
      action: {
        kind: "call",
        before: () => {
          const text = JSON.parse(repository.file(PATH) ?? "null");
          text.state.tokens.ALPHA = drifted;
          repository.commit({ [PATH]: JSON.stringify(text, null, 2) }, "Note drift");
        },
      },
    });
    expect(await (await open()).run(due)).toMatchObject({ skipped: ["ALPHA"] });
    expect(repository.secret("ALPHA")?.value).toBe(value);
    expect(state()).toMatchObject({
      current: { generation: 1 },
      drift: { message: "something else was seen" },
    });
  });
});

describe("a run that another has overtaken", () => {
  test("calls nothing rotated that the record does not, and has the token rotated once more", async () => {
    const { github, repository, open, passed, history, state } = await world(ONE, "public");
    const other = await open();
    github.faults.add({
      match: placing,
      action: {
        kind: "call",
        before: async () => {
          passed(10 * MINUTE);
          await other.run(due);
        },
      },
    });
    const report = await (await open()).run(due);
    expect(report).toMatchObject({
      rotated: [],
      failed: ["ALPHA"],
      tokens: [{ error: { kind: "uncertain", code: "overtaken" } }],
    });
    expect(state()).toMatchObject({
      current: { generation: 2 },
      pending: null,
      failures: 1,
      last_error: { code: "overtaken" },
    });
    passed(2 * HOUR);
    expect(await (await open()).run(due)).toMatchObject({ rotated: ["ALPHA"] });
    expect(state()).toMatchObject({ current: { generation: 3 }, failures: 0 });
    expect(repository.secret("ALPHA")?.value).toHaveLength(32);
    const said = history().map(({ previous_entry: _, ...entry }) => JSON.stringify(entry));
    expect(new Set(said).size).toBe(said.length);
  });
});

describe("a value that a person handed in and that is not placed yet", () => {
  test.each(["due", "resume", "workflow"] as const)(
    "is not replaced by a random one after the key changed: %s",
    async (kind) => {
      const config = {
        ...ONE,
        workflows: { all: { tokens: ["ALL_TOKENS"], schedule: "0 3 * * *" } },
      };
      const { github, repository, open, passed, state } = await world(config, "private");
      await (await open()).run(asked("ALPHA", new Secret("canary-1111-first")));
      github.faults.add({ match: placing, action: refused });
      const second = await (await open()).run(asked("ALPHA", new Secret("canary-2222-second")));
      expect(second).toMatchObject({ failed: ["ALPHA"], warnings: [] });
      repository.rotateKey();
      passed(2 * HOUR);
      const wanted =
        kind === "due"
          ? due
          : kind === "resume"
            ? resume
            : { ...due, wanted: { kind, name: "all" } };
      const report = await (await open()).run(wanted);
      expect(report).toMatchObject({
        rotated: [],
        tokens: [{ error: { code: "issuer-required" } }],
      });
      expect(repository.secret("ALPHA")?.value).toBe("canary-1111-first");
      expect(state()).toMatchObject({
        current: { generation: 1 },
        pending: { generation: 2, issuer: "manual" },
      });
    },
  );

  test("nor where it was never journalled", async () => {
    const { github, repository, open, passed } = await world(ONE, "public");
    github.faults.add({ match: placing, action: refused });
    const lost = await (await open()).run(asked("ALPHA", new Secret("canary-3333-only")));
    expect(lost).toMatchObject({
      failed: ["ALPHA"],
      warnings: [expect.stringContaining("hand it in once more")],
    });
    passed(2 * HOUR);
    expect(await (await open()).run(due)).toMatchObject({ rotated: [], skipped: ["ALPHA"] });
    expect(await (await open()).run(resume)).toMatchObject({
      rotated: [],
      tokens: [{ error: { code: "issuer-required" } }],
    });
    expect(repository.secret("ALPHA")).toBeNull();
  });
});

test("what would be resumed is foretold under its own number", async () => {
  const { github, open, passed } = await world(ONE, "private");
  github.faults.add({ match: placing, action: refused });
  await (await open()).run(due);
  passed(HOUR);
  expect(await (await open()).run({ ...due, dryRun: true })).toMatchObject({
    tokens: [{ status: "planned", generation: 1 }],
  });
});
