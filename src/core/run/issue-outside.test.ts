import { afterEach, describe, expect, test } from "vitest";
import { useFolders } from "../../../test/folders.ts";
import { DUE, type IssuingWorld, issuingWorld } from "../../../test/issuing-world.ts";
import { keysDeclared } from "../../../test/key-folder.ts";
import { toolAvailable } from "../../../test/require-tool.ts";
import { Secret } from "../base/secret.ts";
import type { TokenConfig, TokenDeclaration } from "../model/schema.ts";
import type { RunRequest } from "./request.ts";

const { folder } = useFolders();
const worlds: IssuingWorld[] = [];
afterEach(async () => {
  await Promise.all(worlds.splice(0).map((world) => world.close()));
});

async function world(more?: Parameters<typeof issuingWorld>[1]): Promise<IssuingWorld> {
  const made = await issuingWorld(await folder(), more);
  worlds.push(made);
  return made;
}

/** As a program prints it that did something, then could not say so. */
const SILENT = { after: "silence" } as const;
const label = (generation: number) => `acme/widgets/ALPHA/g${generation}`;
const actionsOf = ({ keys }: IssuingWorld, from = 0) =>
  keys
    .asked()
    .slice(from)
    .map(({ action }) => action);
const seeing = ({ live }: IssuingWorld): RunRequest => ({
  ...DUE,
  seen: new Map([["ALPHA", new Secret(live().value ?? "")]]),
});

function edited(config: TokenConfig, change: Partial<TokenDeclaration>): TokenConfig {
  return { ...config, tokens: { ALPHA: { ...config.tokens?.ALPHA, ...change } } };
}

describe.skipIf(!toolAvailable("python"))("a credential of a service", () => {
  test("is announced, then asked for, checked, journalled, placed and recorded", async () => {
    const { run, commits, state, live, keys, github, record } = await world();
    expect(await run(0)).toMatchObject({ rotated: ["ALPHA"], failed: [] });
    expect(commits()).toEqual(["a person's", "announce", "prepare", "rotate"]);
    const [, , announced] = github.repository().history("token_config.json");
    expect(JSON.parse(announced?.content ?? "").state.tokens.ALPHA.pending).toMatchObject({
      stage: "intent",
      generation: 1,
      label: label(1),
      issuing: keysDeclared("python"),
      ref: null,
    });
    expect(keys.asked().map(({ action, label: asked }) => [action, asked])).toEqual([
      ["issue", label(1)],
      ["check", undefined],
    ]);
    expect(live().works).toBe(true);
    expect(state()).toMatchObject({
      current: { generation: 1, ref: keys.keys()[0]?.ref, issuer: "command" },
      pending: null,
    });
    expect(JSON.stringify(record())).not.toContain(live().value);
  });

  const unset = ["Authorization: Bearer \u0024{env.NOT_SET_ANYWHERE}"];
  const at = (path: string) => ({ url: `https://keys.example/${path}`, headers: unset });
  const issuers = {
    command: { use: "command", run: ["true"], env: ["NOT_SET_ANYWHERE"] },
    http: {
      use: "http",
      issue: { ...at("keys"), fields: { value: "/secret" }, ref: "/id" },
      check: at("me"),
      revoke: at("keys"),
      find: { ...at("keys"), list: "/keys", label: "/name", ref: "/id" },
    },
  };
  test.each(Object.entries(issuers))(
    "is not announced where its issuer cannot be opened, and nothing is written: %s",
    async (_, issuer) => {
      const { run, commits, state, github } = await world();
      const config = {
        version: 1,
        tokens: { ALPHA: { issuer } },
        rules: { ALPHA: { interval_hours: 24 } },
      };
      github.repository().commit({ "token_config.json": JSON.stringify(config) }, "a person's");
      const before = commits().length;
      expect(await run(0)).toMatchObject({
        failed: ["ALPHA"],
        tokens: [{ error: { code: "variable-missing" } }],
        commit: null,
      });
      expect([commits().length, state()]).toEqual([before, undefined]);
    },
  );

  test("is not asked for where the announcement cannot be committed", async () => {
    const made = await world();
    made.diesAtCommit(1);
    await expect(made.run(0)).rejects.toMatchObject({ kind: "denied" });
    expect(made.keys.asked()).toEqual([]);
    expect(made.state()).toBeUndefined();
  });

  test("is announced again on the record of the run that committed first", async () => {
    const made = await world();
    made.beforeCommit(1, () => made.edit((config) => ({ ...config, "x-note": "mine" })));
    expect(await made.run(0)).toMatchObject({ rotated: ["ALPHA"] });
    expect(made.commits()).toEqual(["a person's", "a person's", "announce", "prepare", "rotate"]);
    expect(made.record()).toMatchObject({ "x-note": "mine" });
  });

  test("that replaces another lets it work through the overlap; then only that one is revoked", async () => {
    const made = await world({ token: { overlap_hours: 12 } });
    made.keys.add("by-hand", "not ours");
    await made.run(0);
    await made.run(24);
    expect(made.labels()).toEqual([label(1), label(2), "not ours"]);
    await made.run(35);
    expect(made.labels()).toEqual([label(1), label(2), "not ours"]);
    expect(await made.run(36)).toMatchObject({ revoked: ["ALPHA"] });
    expect(made.labels()).toEqual([label(2), "not ours"]);
    expect(made.live().works).toBe(true);
    expect(made.state()?.retiring ?? []).toEqual([]);
  });

  test("is revoked only once the new one is proved, where proof is required", async () => {
    const made = await world({ token: { overlap_hours: 0, proof: "required" } });
    await made.run(0);
    await made.run(24);
    await made.run(30);
    expect(made.labels()).toEqual([label(1), label(2)]);
    expect(await made.run(31, seeing(made))).toMatchObject({ proved: ["ALPHA"] });
    await made.run(32);
    expect(made.labels()).toEqual([label(2)]);
    expect(made.live().works).toBe(true);
  });

  test("whose revocation fails stays in the record and is tried again", async () => {
    const made = await world({ token: { overlap_hours: 0 } });
    await made.run(0);
    await made.run(24);
    made.keys.fault({ revoke: { instead: "?" } });
    await made.run(25);
    expect(made.state()?.retiring).toMatchObject([
      { generation: 1, failures: 1, last_error: { code: "command-failed" } },
    ]);
    expect(made.labels()).toEqual([label(1), label(2)]);
    made.keys.repair();
    await made.run(30);
    expect(made.labels()).toEqual([label(2)]);
    expect(made.state()?.retiring ?? []).toEqual([]);
  });
});

describe.skipIf(!toolAvailable("python"))(
  "no orphan is left, and what is in use goes on working, where",
  () => {
    /** After whatever went wrong: the next runs get over it, and in the end one key is left, the one in place. */
    async function recovers(made: IssuingWorld, from: number) {
      for (const hours of [from, from + 0.25, from + 0.5]) {
        await made.run(hours);
        expect(made.state()?.current === null || made.live().works).toBe(true);
      }
      await made.run(from + 30);
      await made.run(from + 60);
      await made.run(from + 61);
      const { retiring = [], pending, current } = made.state() ?? {};
      const { generation } = current ?? {};
      expect({ retiring: retiring.length, pending }).toEqual({ retiring: 1, pending: null });
      expect(made.labels()).toEqual(
        made.keys.keys().length === 2
          ? [label((generation ?? 0) - 1), label(generation ?? 0)].toSorted()
          : [],
      );
      expect(made.live().works).toBe(true);
    }

    test.each([
      ["the first", 0],
      ["a later", 24],
    ])("the run dies between asking and its journal: %s rotation", async (_, hours) => {
      const made = await world();
      if (hours > 0) await made.run(0);
      const inUse = made.live();
      made.diesAtCommit(2);
      await expect(made.run(hours)).rejects.toMatchObject({ kind: "denied" });
      const orphan = made.keys.keys().find((key) => key.label === label(hours === 0 ? 1 : 2));
      expect(orphan).toBeDefined();
      // While its lease lasts the run may be alive.
      expect(await made.run(hours + 0.05)).toMatchObject({ skipped: ["ALPHA"] });
      expect(made.live()).toEqual(inUse);
      const before = made.keys.asked().length;
      await made.run(hours + 0.2);
      expect(actionsOf(made, before)).toEqual(["find", "revoke", "issue", "check"]);
      expect(made.keys.keys().map(({ ref }) => ref)).not.toContain(orphan?.ref);
      expect(made.live().works).toBe(true);
      await recovers(made, hours + 1);
    });

    test("it dies after placing, and no boxes were journalled", async () => {
      const made = await world({ visibility: "public" });
      await made.run(0);
      made.diesAtCommit(3);
      await made.run(24);
      expect(made.labels()).toEqual([label(1), label(2)]);
      const placed = made.live();
      expect(placed.works).toBe(true);
      await made.run(24.3);
      // What was placed may be in use: it works through its overlap.
      expect(made.labels()).toEqual([label(1), label(2), label(3)]);
      expect(made.live().works).toBe(true);
      expect(made.live().value).not.toBe(placed.value);
      await made.run(48.4);
      await made.run(73);
      await made.run(73.1);
      expect(made.labels()).toEqual([label(4), label(5)]);
      expect(made.live().works).toBe(true);
    });

    test("the service acts, and its answer is lost", async () => {
      const made = await world();
      await made.run(0);
      const inUse = made.live();
      made.keys.fault({ issue: SILENT });
      expect(await made.run(24)).toMatchObject({
        failed: ["ALPHA"],
        tokens: [{ error: { kind: "uncertain" } }],
      });
      expect(made.labels()).toEqual([label(1), label(2)]);
      expect(made.live()).toEqual(inUse);
      expect(made.state()?.retiring).toMatchObject([
        { generation: 2, ref: null, label: label(2), never_placed: true },
      ]);
      made.keys.repair();
      expect(await made.run(24.5)).toMatchObject({ rotated: ["ALPHA"] });
      expect(made.labels()).toEqual([label(1), label(3)]);
      await recovers(made, 25);
    });

    test("the service makes it only after the next run has looked: it is looked for again", async () => {
      const made = await world();
      made.keys.fault({ issue: { instead: "?" } });
      expect(await made.run(0)).toMatchObject({ tokens: [{ error: { kind: "uncertain" } }] });
      made.keys.repair();
      expect(await made.run(0.1)).toMatchObject({ rotated: ["ALPHA"], revoked: [] });
      made.keys.add("late", label(1));
      expect(await made.run(0.2)).toMatchObject({ revoked: ["ALPHA"] });
      expect(made.labels()).toEqual([label(2)]);
      expect(made.state()?.retiring).toBeUndefined();
    });

    test("the service never made it: it is looked for until it could no longer come, and no run says that it was revoked", async () => {
      const made = await world();
      made.keys.fault({ issue: { instead: "?" } });
      await made.run(0);
      made.keys.repair();
      for (const hours of [0.1, 0.24]) {
        expect(await made.run(hours)).toMatchObject({ revoked: [] });
        expect(made.state()?.retiring).toMatchObject([{ ref: null, label: label(1), failures: 0 }]);
      }
      expect(await made.run(0.25)).toMatchObject({ revoked: [] });
      expect(made.state()?.retiring).toBeUndefined();
      const before = made.commits().length;
      await made.run(0.3);
      expect([
        made.commits().length,
        actionsOf(made).filter((action) => action === "find").length,
      ]).toEqual([before, 3]);
    });

    test("the new one fails its check: it is revoked and never placed", async () => {
      const made = await world();
      await made.run(0);
      const inUse = made.live();
      made.keys.fault({ check: { answer: { verdict: "refused" } } });
      expect(await made.run(24)).toMatchObject({
        failed: ["ALPHA"],
        tokens: [
          { error: { code: "check-failed", hint: expect.stringMatching(/^It is revoked/) } },
        ],
      });
      expect(made.labels()).toEqual([label(1)]);
      expect(made.live()).toEqual(inUse);
      expect(made.state()?.retiring).toBeUndefined();
      made.keys.repair();
      await recovers(made, 25);
    });

    test("a credential that can be neither checked nor revoked stays in the record until it can", async () => {
      const made = await world();
      await made.run(0);
      made.keys.fault({ check: { instead: "?" }, revoke: { instead: "?" } });
      const failed = await made.run(24);
      expect(failed.tokens[0]?.error).toMatchObject({
        code: "check-failed",
        hint: expect.stringMatching(/^It could not be revoked/),
      });
      const left = made.keys.keys().find((key) => key.label === label(2));
      expect(made.state()?.retiring).toMatchObject([
        { generation: 2, ref: left?.ref, never_placed: true },
      ]);
      made.keys.repair();
      await made.run(24.5);
      expect(made.labels()).toEqual([label(1), label(3)]);
      await recovers(made, 25);
    });

    test("the value is empty: it is refused and revoked", async () => {
      const made = await world();
      await made.run(0);
      made.keys.fault({ issue: { answer: { fields: { value: "" } } } });
      expect(await made.run(24)).toMatchObject({ tokens: [{ error: { code: "empty-value" } }] });
      expect(made.labels()).toEqual([label(1)]);
      made.keys.repair();
      await recovers(made, 25);
    });

    test.each<[string, (config: TokenConfig) => TokenConfig]>([
      [
        "its declaration is changed",
        (config) => edited(config, { issuer: keysDeclared("python", { timeout_seconds: 50 }) }),
      ],
      ["it is removed from the config", ({ tokens: _, rules: __, ...config }) => config],
    ])("%s while it is made", async (_, change) => {
      const made = await world();
      made.beforeCommit(2, () => made.edit(change));
      expect(await made.run(0)).toMatchObject({ rotated: [], skipped: ["ALPHA"] });
      expect(made.keys.keys()).toEqual([]);
      expect(made.live().value).toBeUndefined();
      expect(made.state()).toMatchObject({ current: null, pending: null });
      expect(made.state()?.retiring).toBeUndefined();
    });

    test("it is changed while it is made, and cannot be revoked: the next run does it", async () => {
      const made = await world();
      made.beforeCommit(2, () =>
        made.edit((config) =>
          edited(config, { issuer: keysDeclared("python", { timeout_seconds: 50 }) }),
        ),
      );
      made.keys.fault({ revoke: { instead: "?" } });
      await made.run(0);
      expect(made.state()?.retiring).toMatchObject([
        { generation: 1, ref: made.keys.keys()[0]?.ref, never_placed: true },
      ]);
      made.keys.repair();
      await made.run(1);
      expect(made.labels()).toEqual([label(2)]);
    });

    test("it is removed from the config while an earlier one waits for its end", async () => {
      const made = await world();
      await made.run(0);
      await made.run(24);
      made.edit(({ tokens: _, rules: __, ...config }) => config);
      await made.run(25);
      expect(made.labels()).toEqual([label(1), label(2)]);
      await made.run(49);
      expect(made.labels()).toEqual([label(2)]);
    });
  },
);

describe.skipIf(!toolAvailable("python"))("nothing is revoked that the record needs, where", () => {
  test("the issuer hands over the credential in use again", async () => {
    const made = await world();
    await made.run(0);
    const inUse = made.live();
    made.keys.fault({ issue: { answer: { ref: made.state()?.current?.ref } } });
    expect(await made.run(24)).toMatchObject({
      tokens: [{ error: { code: "credential-reused" } }],
    });
    expect(actionsOf(made)).not.toContain("revoke");
    expect(made.live()).toEqual(inUse);
  });

  test("it hands over the value in use again, under another name: only that name is ended", async () => {
    const made = await world();
    await made.run(0);
    const inUse = made.live();
    made.keys.fault({
      issue: { answer: { fields: { value: inUse.value } } },
      check: { answer: { verdict: "works" } },
    });
    expect(await made.run(24)).toMatchObject({ tokens: [{ error: { code: "value-unchanged" } }] });
    expect(made.live()).toEqual(inUse);
    expect(made.labels()).toEqual([label(1)]);
  });

  test("the service finds the one in use under an orphan's label", async () => {
    const made = await world();
    await made.run(0);
    const inUse = made.live();
    made.keys.fault({ issue: SILENT });
    await made.run(24);
    made.keys.fault({ find: { answer: { refs: [made.state()?.current?.ref] } } });
    await made.run(25);
    expect(actionsOf(made)).not.toContain("revoke");
    expect(made.keys.keys().map(({ value }) => value)).toContain(inUse.value);
  });

  test("the service cannot be searched: the orphan waits", async () => {
    const made = await world();
    made.keys.fault({ issue: SILENT });
    await made.run(0);
    made.keys.fault({ find: { instead: "?" } });
    expect(await made.run(1)).toMatchObject({ rotated: ["ALPHA"] });
    expect(made.state()?.retiring).toMatchObject([
      { generation: 1, ref: null, label: label(1), failures: 1 },
    ]);
    made.keys.repair();
    await made.run(2);
    expect(made.labels()).toEqual([label(2)]);
  });
});
