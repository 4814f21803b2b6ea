import { describe, expect, test } from "vitest";
import { recordsOnGitHub } from "../../../test/record-on-github.ts";
import type { AgentChange } from "../config/agent-change.ts";
import type { TriggeredBy } from "../model/schema.ts";
import { markOf } from "../record/request-mark.ts";

const world = recordsOnGitHub();
const daily = { interval_hours: 24 };
const agent: { triggeredBy: TriggeredBy } = { triggeredBy: { kind: "mcp", actor: "some-agent" } };
const person: { triggeredBy: TriggeredBy } = { triggeredBy: { kind: "cli", actor: "octocat" } };
const ROTATE: AgentChange = { operation: "rotate", token_name: "ALPHA" };
const record = (agents: object) => ({
  version: 1,
  settings: { agents },
  tokens: { ALPHA: {}, BETA: { groups: ["B"] } },
  rules: { ALPHA: daily },
  workflows: { nightly: { tokens: ["ALL_TOKENS"], schedule: "0 2 * * *" } },
});
const CHANGES: readonly AgentChange[] = [
  ROTATE,
  { operation: "run_workflow", workflow_name: "nightly" },
  {
    operation: "setup_rotation",
    token_name: "BETA",
    interval_hours: 48,
    auto_rotate: false,
    notify: true,
  },
  {
    operation: "create_workflow",
    workflow_name: "weekly",
    tokens: ["B"],
    schedule: "0 3 * * 1",
    timezone: "Europe/Berlin",
  },
];

describe("a planned change", () => {
  test.each(CHANGES.map((change) => [change.operation, change] as const))(
    "shows what it would do, changes nothing, and is done as shown: %s",
    async (_, change) => {
      const { open, repository } = await world(record({}));
      const before = repository.head();
      const planned = await (await open()).planChange(change, agent);
      expect(planned).toMatchObject({
        change,
        digest: expect.stringMatching(/^[0-9a-f]{64}$/),
        approval: { required: false, url: null },
      });
      expect(planned.effects).toMatchSnapshot();
      expect(repository.head()).toBe(before);
      const applied = await (await open()).applyChange(change, planned.digest, agent);
      expect(applied).toMatchObject({
        operation: change.operation,
        approved_by: null,
        warnings: [],
      });
      expect(applied.report?.rotated ?? applied.rule ?? applied.workflow).toMatchSnapshot({
        ...(applied.report ? {} : { commit: expect.anything() }),
      });
      expect(repository.head()).not.toBe(before);
    },
  );

  test("is refused when the record has moved in what it is about, and only then", async () => {
    const { open, edit } = await world(record({}));
    const app = await open();
    const { digest } = await app.planChange(ROTATE, agent);
    edit((config) => ({ ...config, rules: { ...config.rules, BETA: daily } }));
    expect((await app.planChange(ROTATE, agent)).digest).toBe(digest);
    edit((config) => ({ ...config, rules: { ...config.rules, ALPHA: { interval_hours: 12 } } }));
    await expect(app.applyChange(ROTATE, digest, agent)).rejects.toMatchObject({
      kind: "unchanged",
      code: "record-moved",
    });
    const again = await app.planChange(ROTATE, agent);
    await app.run({
      wanted: { kind: "tokens", names: ["ALPHA"], value: null, create: false },
      ...person,
      dryRun: false,
    });
    await expect(app.applyChange(ROTATE, again.digest, agent)).rejects.toMatchObject({
      code: "record-moved",
    });
  });

  test.each([["B"], ["ALL_TOKENS"]])(
    "of a workflow of %s is refused when that has come to mean other tokens",
    async (member) => {
      const { open, edit } = await world(record({}));
      const app = await open();
      const change: AgentChange = {
        operation: "create_workflow",
        workflow_name: "weekly",
        tokens: [member],
        schedule: "@weekly",
        timezone: null,
      };
      const { digest } = await app.planChange(change, agent);
      edit((config) => ({ ...config, tokens: { ...config.tokens, GAMMA: { groups: ["B"] } } }));
      await expect(app.applyChange(change, digest, agent)).rejects.toMatchObject({
        code: "record-moved",
      });
    },
  );

  test("that moves between the look and the commit is refused too", async () => {
    const { github, open, edit } = await world(record({}));
    const change = CHANGES[2];
    if (change === undefined) throw new Error("there is no such change");
    const { digest } = await (await open()).planChange(change, agent);
    github.faults.add({
      match: { graphql: "mutation" },
      action: {
        kind: "call",
        before: () => edit((config) => ({ ...config, rules: { ...config.rules, BETA: daily } })),
      },
    });
    await expect((await open()).applyChange(change, digest, agent)).rejects.toMatchObject({
      code: "record-moved",
    });
  });

  test("cannot be made of what does not exist", async () => {
    const { open } = await world(record({}));
    const app = await open();
    await expect(
      app.planChange({ operation: "rotate", token_name: "ALPAH" }, agent),
    ).rejects.toMatchObject({
      code: "token-missing",
      hint: "Did you mean ALPHA?",
    });
    await expect(
      app.planChange({ operation: "run_workflow", workflow_name: "nihgtly" }, agent),
    ).rejects.toMatchObject({
      code: "workflow-missing",
    });
    await expect(
      app.planChange(
        {
          ...ROTATE,
          operation: "setup_rotation",
          interval_hours: 1,
          auto_rotate: true,
          notify: true,
          token_name: "X",
        },
        agent,
      ),
    ).rejects.toMatchObject({ code: "token-missing" });
    const hostile = {
      operation: "create_workflow",
      workflow_name: "w",
      tokens: ["ALPHA"],
      schedule: "whenever",
      timezone: null,
    } as const;
    await expect(app.planChange(hostile, agent)).rejects.toMatchObject({ kind: "misconfigured" });
  });
});

describe("where the record wants a person's approval", () => {
  const guarded = record({ approval: ["rotate", "run_workflow"] });

  test("an agent rotates nothing by itself, by whatever way; people and schedules do", async () => {
    const { open, repository } = await world(guarded);
    const app = await open();
    const rotate = {
      wanted: { kind: "tokens", names: ["ALPHA"], value: null, create: false },
      dryRun: false,
    } as const;
    await expect(app.run({ ...rotate, ...agent })).rejects.toMatchObject({
      kind: "denied",
      code: "approval-required",
    });
    await expect(
      app.run({ wanted: { kind: "workflow", name: "nightly" }, dryRun: false, ...agent }),
    ).rejects.toMatchObject({
      code: "approval-required",
    });
    await expect(
      app.run({ ...rotate, triggeredBy: { kind: "api", actor: "gpt", agent: true } }),
    ).rejects.toMatchObject({
      code: "approval-required",
    });
    expect(repository.secret("ALPHA")).toBeNull();
    expect(await app.run({ ...rotate, ...agent, dryRun: true })).toMatchObject({ dry_run: true });
    expect(await app.run({ ...rotate, ...person })).toMatchObject({ rotated: ["ALPHA"] });
    expect(
      await app.setupRule({
        tokenName: "BETA",
        intervalHours: 24,
        autoRotate: true,
        notify: true,
        create: false,
        ...agent,
      }),
    ).toMatchObject({ interval_hours: 24 });
  });

  test("a plan opens one issue; only a comment of a person who may write approves it", async () => {
    const { open, repository } = await world(guarded);
    const app = await open();
    const planned = await app.planChange(ROTATE, agent);
    expect(planned.approval).toEqual({
      required: true,
      approved_by: null,
      url: "https://github.com/acme/widgets/issues/1",
    });
    expect((await app.planChange(ROTATE, agent)).approval.url).toBe(planned.approval.url);
    expect(repository.issues).toHaveLength(1);
    const [issue] = repository.issues;
    expect(issue?.title).toBe("Approve: rotate ALPHA");
    expect(issue?.body).toContain("- rotate ALPHA to generation 1, in actions:acme/widgets:ALPHA");
    const waiting = {
      kind: "denied",
      code: "approval-required",
      hint: "A person approves it at https://github.com/acme/widgets/issues/1",
    };
    const apply = () => app.applyChange(ROTATE, planned.digest, agent);
    await expect(apply()).rejects.toMatchObject(waiting);
    repository.roles.set("maintainer", "write");
    issue?.comments.push({ login: "stranger", type: "User", body: "/approve" });
    issue?.comments.push({ login: "maintainer", type: "Bot", body: "/approve" });
    issue?.comments.push({ login: "maintainer", type: "User", body: "I would not /approve this" });
    await expect(apply()).rejects.toMatchObject(waiting);
    issue?.comments.push({ login: "Maintainer", type: "User", body: "Looks right.\n/approve" });
    expect(await apply()).toMatchObject({
      approved_by: "Maintainer",
      report: { rotated: ["ALPHA"] },
      warnings: [],
    });
    expect(issue?.state).toBe("closed");
    await expect(apply()).rejects.toMatchObject({ code: "record-moved" });
  });

  test("is asked for once, also where the answer to asking is lost: of two issues only one would be closed", async () => {
    const { github, open, repository } = await world(record({ approval: ["rotate"] }));
    github.faults.add({
      match: { method: "POST", path: /issues$/ },
      action: { kind: "apply-then-cut" },
    });
    const app = await open();
    await expect(app.planChange(ROTATE, agent)).rejects.toMatchObject({ kind: "uncertain" });
    await app.planChange(ROTATE, agent);
    expect(repository.issues).toHaveLength(1);
  });

  test("nothing forged approves: an edited comment, an edited issue, an issue of another author", async () => {
    const { github, open, repository } = await world(guarded);
    const app = await open();
    const { digest } = await app.planChange(ROTATE, agent);
    const { digest: harmless } = await app.planChange(
      { operation: "run_workflow", workflow_name: "nightly" },
      agent,
    );
    const [issue, other] = repository.issues;
    if (issue === undefined || other === undefined) throw new Error("the plans opened no issues");
    repository.roles.set("maintainer", "write");
    const approved = { login: "maintainer", type: "User", body: "/approve" } as const;
    const apply = () => app.applyChange(ROTATE, digest, agent);
    const waiting = { code: "approval-required" };
    issue.comments.push({ ...approved, edited: true });
    await expect(apply()).rejects.toMatchObject(waiting);
    issue.state = "closed";
    other.comments.push(approved);
    Object.assign(other, { body: other.body.replace(harmless, digest), edited: true });
    await expect(apply()).rejects.toMatchObject(waiting);
    repository.issues.push({
      ...issue,
      number: 3,
      state: "open",
      author: "some-bot",
      comments: [approved],
    });
    await expect(apply()).rejects.toMatchObject(waiting);
    expect(repository.secret("ALPHA")).toBeNull();
    issue.state = "open";
    for (let count = 0; count < 250; count += 1)
      issue.comments.push({ login: "stranger", type: "User", body: "/approve" });
    issue.comments.push(approved);
    const before = github.requests.length;
    expect(await apply()).toMatchObject({
      approved_by: "maintainer",
      report: { rotated: ["ALPHA"] },
    });
    const asked = github.requests.slice(before).filter(({ path }) => path.endsWith("/permission"));
    expect(asked.map(({ path }) => path.split("/").at(-2))).toEqual(["stranger", "maintainer"]);
  });

  test("with pull_request, only a standing review of a person who may write approves it, none dismissed, none taken back", async () => {
    const asking = record({ approval: "all", ask_in: "pull_request" });
    const { open, repository } = await world(asking);
    const app = await open();
    const planned = await app.planChange(ROTATE, agent);
    expect(planned.approval).toEqual({
      required: true,
      approved_by: null,
      url: "https://github.com/acme/widgets/pull/1",
    });
    expect((await app.planChange(ROTATE, agent)).approval.url).toBe(planned.approval.url);
    const [pull] = repository.issues;
    const branch = `token-automation/plan-${planned.digest}`;
    expect(pull).toMatchObject({ title: "Approve: rotate ALPHA", pull: { head: branch } });
    expect(pull?.body).toContain("approve this pull request in a review");
    expect(repository.branches).toEqual(["main", branch]);
    const reviews = pull?.pull?.reviews;
    if (pull === undefined || reviews === undefined)
      throw new Error("the plan opened no pull request");
    const apply = () => app.applyChange(ROTATE, planned.digest, agent);
    repository.roles.set("maintainer", "write");
    const waiting = {
      code: "approval-required",
      hint: "A person approves it at https://github.com/acme/widgets/pull/1",
    };
    await expect(apply()).rejects.toMatchObject(waiting);
    const person = { login: "maintainer", type: "User" } as const;
    reviews.push(
      { login: "stranger", type: "User", state: "APPROVED" },
      { login: "maintainer", type: "Bot", state: "APPROVED" },
    );
    await expect(apply()).rejects.toMatchObject(waiting);
    reviews.splice(0, 2, { ...person, state: "DISMISSED" }, { ...person, state: "COMMENTED" });
    await expect(apply()).rejects.toMatchObject(waiting);
    reviews.push({ ...person, state: "APPROVED" }, { ...person, state: "CHANGES_REQUESTED" });
    await expect(apply()).rejects.toMatchObject(waiting);
    for (let count = 0; count < 120; count += 1)
      reviews.push({ login: `stranger-${count}`, type: "User", state: "COMMENTED" });
    reviews.push({ ...person, state: "APPROVED" }, { ...person, state: "COMMENTED" });
    Object.assign(pull, { edited: true });
    await expect(apply()).rejects.toMatchObject({ code: "approval-required" });
    Object.assign(pull, { edited: false, author: "some-bot" });
    await expect(apply()).rejects.toMatchObject({ code: "approval-required" });
    expect(repository.secret("ALPHA")).toBeNull();
    Object.assign(pull, { author: "token-automation[bot]" });
    expect(await apply()).toMatchObject({
      approved_by: "maintainer",
      report: { rotated: ["ALPHA"] },
      warnings: [],
    });
    expect([pull.state, repository.branches]).toEqual(["closed", ["main"]]);
  });

  test("a pull request is approved by a comment too, and a plan that is asked for again finds its branch", async () => {
    const { open, repository } = await world(record({ approval: "all", ask_in: "pull_request" }));
    const app = await open();
    const { digest } = await app.planChange(ROTATE, agent);
    Object.assign(repository.issues[0] ?? {}, { state: "closed" });
    expect((await app.planChange(ROTATE, agent)).approval.url).toBe(
      "https://github.com/acme/widgets/pull/2",
    );
    repository.roles.set("maintainer", "admin");
    repository.issues[1]?.comments.push({ login: "maintainer", type: "User", body: "/approve" });
    expect(await app.applyChange(ROTATE, digest, agent)).toMatchObject({
      approved_by: "maintainer",
      warnings: [],
    });
  });

  test("an approval is of one plan: another record, or another change, needs another", async () => {
    const { open, repository, edit } = await world(guarded);
    const app = await open();
    const { digest } = await app.planChange(ROTATE, agent);
    repository.roles.set("maintainer", "admin");
    repository.issues[0]?.comments.push({ login: "maintainer", type: "User", body: "/approve" });
    await expect(
      app.applyChange({ operation: "rotate", token_name: "BETA" }, digest, agent),
    ).rejects.toMatchObject({
      code: "record-moved",
    });
    edit((config) => ({ ...config, tokens: { ...config.tokens, ALPHA: { length: 40 } } }));
    const again = await app.planChange(ROTATE, agent);
    expect(again.approval).toMatchObject({
      approved_by: null,
      url: "https://github.com/acme/widgets/issues/2",
    });
    await expect(app.applyChange(ROTATE, again.digest, agent)).rejects.toMatchObject({
      code: "approval-required",
    });
    expect(repository.secret("ALPHA")).toBeNull();
  });

  test("what was approved and only begun is finished by the same request, and by no other", async () => {
    const { github, open, repository, state, passed } = await world(guarded);
    const { digest } = await (await open()).planChange(ROTATE, agent);
    repository.roles.set("maintainer", "write");
    repository.issues[0]?.comments.push({ login: "maintainer", type: "User", body: "/approve" });
    const apply = async (key: string) =>
      (await open()).applyChange(ROTATE, digest, {
        ...agent,
        mark: markOf({ caller: "some-agent", key, body: { digest } }),
      });
    github.faults.add({
      match: { method: "PUT" },
      times: Number.POSITIVE_INFINITY,
      action: { kind: "status", status: 422 },
    });
    expect(await apply("one")).toMatchObject({ report: { failed: ["ALPHA"] } });
    github.faults.clear();
    passed(61 * 60_000);
    await expect(apply("another")).rejects.toMatchObject({ code: "record-moved" });
    expect(await apply("one")).toMatchObject({ report: { rotated: ["ALPHA"] } });
    expect(await apply("one")).toMatchObject({ report: { rotated: ["ALPHA"], replayed: true } });
    expect(state()).toMatchObject({ current: { generation: 1 }, pending: null });
  });

  test("a plan of more tokens than an issue has room for still asks, and says how much it does not tell", async () => {
    const long = (index: number) => `T${index}_${"X".repeat(200)}`;
    const tokens = Object.fromEntries(Array.from({ length: 400 }, (_, index) => [long(index), {}]));
    const { open, repository, edit } = await world({
      ...guarded,
      tokens: { ...guarded.tokens, ...tokens },
    });
    const app = await open();
    const planned = await app.planChange(
      { operation: "run_workflow", workflow_name: "nightly" },
      agent,
    );
    expect(planned.effects).toHaveLength(402);
    expect(repository.issues[0]?.body).toMatch(
      /\n- and \d+ more lines that do not fit here\n.*\/approve.*plan: [0-9a-f]{64}/s,
    );
    const longest = "L".repeat(255);
    edit((config) => ({ ...config, tokens: { ...config.tokens, [longest]: {} } }));
    await app.planChange({ operation: "rotate", token_name: longest }, agent);
    expect(repository.issues[1]?.title).toMatch(/^Approve: rotate L+$/);
  });

  test.each([CHANGES[2], CHANGES[3]])(
    "an approval is used once, though its issue could not be closed and the record was set back: %o",
    async (change) => {
      const {
        github,
        open,
        repository,
        edit,
        record: now,
      } = await world(record({ approval: "all" }));
      if (change === undefined) throw new Error("there is no such change");
      const before = now();
      const { digest } = await (await open()).planChange(change, agent);
      repository.roles.set("maintainer", "write");
      repository.issues[0]?.comments.push({ login: "maintainer", type: "User", body: "/approve" });
      github.faults.add({
        match: { method: "PATCH" },
        times: Number.POSITIVE_INFINITY,
        action: { kind: "status", status: 422 },
      });
      const applied = await (await open()).applyChange(change, digest, agent);
      expect(applied.warnings).toEqual([
        expect.stringMatching(/^what asked for the approval is still open: /),
      ]);
      github.faults.clear();
      edit(({ state }) => ({ ...before, ...(state ? { state } : {}) }));
      await expect((await open()).applyChange(change, digest, agent)).rejects.toMatchObject({
        code: "record-moved",
      });
      const again = await (await open()).planChange(change, agent);
      expect(again.approval).toMatchObject({
        approved_by: null,
        url: "https://github.com/acme/widgets/issues/2",
      });
    },
  );

  test("no answer about the approval is no approval", async () => {
    const { github, open, repository } = await world(guarded);
    const app = await open();
    const { digest } = await app.planChange(ROTATE, agent);
    github.faults.add({
      match: { path: /\/issues$/ },
      action: { kind: "status", status: 403 },
      times: Number.POSITIVE_INFINITY,
    });
    await expect(app.applyChange(ROTATE, digest, agent)).rejects.toMatchObject({
      kind: "denied",
      permission: "Issues: write",
    });
    expect(repository.secret("ALPHA")).toBeNull();
  });
});

describe("where the record switches agents off", () => {
  test("they look, and change nothing; and none can switch them on again", async () => {
    const { open, repository, record: now } = await world(record({ enabled: false }));
    const app = await open();
    const before = repository.head();
    for (const change of CHANGES) {
      await expect(app.planChange(change, agent)).rejects.toMatchObject({
        kind: "denied",
        code: "agents-off",
      });
      await expect(app.applyChange(change, "0".repeat(64), agent)).rejects.toMatchObject({
        code: "record-moved",
      });
    }
    await expect(
      app.setupRule({
        tokenName: "BETA",
        intervalHours: 24,
        autoRotate: true,
        notify: true,
        create: false,
        ...agent,
      }),
    ).rejects.toMatchObject({ code: "agents-off" });
    await expect(app.commitPending(null, agent.triggeredBy)).rejects.toMatchObject({
      kind: "denied",
      code: "agents-off",
    });
    expect(await app.commitPending(null, person.triggeredBy)).toBeNull();
    expect(repository.head()).toBe(before);
    expect(await app.health()).toMatchObject({ total_tokens: 2 });
    for (const change of CHANGES)
      await app.applyChange(change, (await app.planChange(change, person)).digest, person);
    expect(now().settings).toEqual({ agents: { enabled: false } });
  });
});
