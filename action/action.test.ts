// The bundle as a runner starts it, against a GitHub that speaks HTTP. The config goes in, and all output is compared.
import { createHmac } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { TokenConfig } from "../src/core/model/schema.ts";
import { runStep, type Step, type StepOptions } from "../test/action-step.ts";
import {
  DEFAULT_TOKEN,
  type GitHubOptions,
  startGitHub,
  type TestGitHub,
} from "../test/github/server.ts";
import { startProxy, startReceiver } from "../test/http-servers.ts";
import { rotatedState } from "../test/token-states.ts";
import { maskedForms } from "./mask.ts";

const PATH = "token_config.json";
const DAY = 86_400_000;
const daily = { interval_hours: 24 };
const TWO = {
  version: 1,
  tokens: { ALPHA: {}, BETA: { type: "password" } },
  rules: { ALPHA: daily, BETA: daily },
};

/** All files that a run with nothing to do loads. Every run of every user pays for an addition. */
const IDLE = [
  "core.js",
  "github.js",
  "load-adapters-github-client.js",
  "load-adapters-stores-github.js",
  "load-octokit-plugin-retry.js",
  "load-octokit-plugin-throttling.js",
  "load-octokit-rest.js",
  "main.js",
  "rolldown-runtime.js",
];
const IDLE_BYTES = 560_000;

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function startWith(
  config: unknown,
  options: Omit<GitHubOptions, "repositories"> & { readonly path?: string } = {},
): Promise<TestGitHub> {
  const text = typeof config === "string" ? config : `${JSON.stringify(config, null, 2)}\n`;
  const files = { [options.path ?? PATH]: text };
  const github = await startGitHub({
    ...options,
    repositories: [{ fullName: "acme/widgets", files }],
  });
  open.push(github);
  return github;
}

function record(github: TestGitHub): TokenConfig {
  return JSON.parse(github.repository().file(PATH) ?? "null");
}

function requestsTo(github: TestGitHub): string[] {
  return github.requests.map(({ method, path, operation, status }) =>
    [method, path, operation, status].filter((part) => part !== null).join(" "),
  );
}

/** The outputs that a workflow's next steps read, JSON parsed. */
function outputsOf({ outputs }: Step) {
  const { rotated, failed, skipped, report, health, ...rest } = outputs;
  const json = Object.fromEntries(
    Object.entries({ rotated, failed, skipped, report, health }).map(([name, text]) => [
      name,
      JSON.parse(text ?? ""),
    ]),
  );
  return { ...rest, ...json };
}

function annotationsOf({ annotations }: Step): string[] {
  return annotations.map(({ name, properties, message }) => {
    const place =
      properties.file === undefined
        ? ""
        : ` ${properties.file}:${properties.line}:${properties.col}`;
    return `${name}${place} ${message}`;
  });
}

/** Every way in which a value could stand in a text. */
function formsOf(value: string): string[] {
  const bytes = Buffer.from(value);
  const reversed = [...value].toReversed().join("");
  return [
    ...maskedForms(value),
    bytes.toString("hex"),
    bytes.toString("hex").toUpperCase(),
    reversed,
    bytes.toString("base64url"),
  ];
}

/** Fails if a value stands anywhere but in the masks and, sealed, at GitHub. */
function expectNoneShown(step: Step, github: TestGitHub, values: readonly string[]): void {
  const commits = github.repositories.flatMap((name) => {
    const repository = github.repository(name);
    return repository
      .commits()
      .flatMap(({ oid, message }) => [message, ...Object.values(repository.files(oid))]);
  });
  const asked = github.requests.flatMap(({ path, query, body }) => [
    path,
    query,
    body,
    ...decoded(body),
  ]);
  const shown = [
    ...step.log,
    ...step.annotations.map((each) => JSON.stringify(each)),
    step.stderr,
    ...Object.values(step.outputs),
    step.summary,
  ];
  const everything = [...shown, ...commits, ...asked].join("\n");
  expect(values.length).toBeGreaterThan(0);
  for (const value of values)
    for (const form of formsOf(value)) expect(everything).not.toContain(form);
}

/** The files of a commit, which its mutation holds in base64. */
function decoded(body: string): string[] {
  return [...body.matchAll(/"contents":"([^"]+)"/g)].map(([, contents]) =>
    Buffer.from(contents ?? "", "base64").toString(),
  );
}

/** The values that GitHub holds, its boxes opened with the private key. */
function placed(github: TestGitHub): string[] {
  const repository = github.repository();
  return repository
    .secrets()
    .map(
      (name) => repository.secret(name)?.value ?? expect.fail(`the box of ${name} did not open`),
    );
}

describe("run", () => {
  let github: TestGitHub;
  let step: Step;
  beforeEach(async () => {
    github = await startWith(TWO);
    step = await runStep({ github });
  });

  test("with two tokens due rotates both and says so in every output", () => {
    const head = github.repository().head() ?? "";
    const { ALPHA, BETA } = record(github).state?.tokens ?? {};
    expect({
      code: step.code,
      stderr: step.stderr,
      log: step.log,
      annotations: step.annotations,
      commands: step.commands,
    }).toEqual({
      code: 0,
      stderr: "",
      log: ["rotated: ALPHA, BETA; failed: nothing; passed over: nothing"],
      annotations: [],
      commands: [],
    });
    expect(outputsOf(step)).toEqual({
      rotated: ["ALPHA", "BETA"],
      failed: [],
      skipped: [],
      report: expect.objectContaining({
        dry_run: false,
        triggered_by: {
          kind: "schedule",
          actor: "mona",
          run_url: "https://github.com/acme/widgets/actions/runs/42",
        },
        rotated: ["ALPHA", "BETA"],
        tokens: [
          expect.objectContaining({ new_hash: ALPHA?.current?.fingerprint }),
          expect.objectContaining({ new_hash: BETA?.current?.fingerprint }),
        ],
      }),
      health: expect.objectContaining({
        total_tokens: 2,
        recently_rotated: ["ALPHA", "BETA"],
        needs_rotation: [],
      }),
      "commit-sha": head,
      "next-due": new Date(Date.parse(ALPHA?.current?.rotated_at ?? "") + DAY)
        .toISOString()
        .replace(".000", ""),
      changed: "true",
    });
    expect(requestsTo(github)).toEqual([
      "POST /graphql query 200",
      "GET /repos/acme/widgets/actions/secrets/public-key 200",
      "POST /graphql mutation 200",
      "PUT /repos/acme/widgets/actions/secrets/ALPHA 201",
      "PUT /repos/acme/widgets/actions/secrets/BETA 201",
      "POST /graphql mutation 200",
    ]);
    expect(step.loaded.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["sodium.js", "rotate.js"]),
    );
    expect(step.summary).toContain("## 2 tokens rotated");
    expect(step.summary).toContain(
      "| 🔄 rotated | `ALPHA` | never rotated | 1 | `actions:acme/widgets:ALPHA` |",
    );
    expect(step.summary).toContain(`Recorded in [\`${head.slice(0, 7)}\`](`);
  });

  test("masks every value in every form before it prints anything else, and shows none", () => {
    const values = placed(github);
    expect(values.map((value) => value.length)).toEqual([32, 24]);
    expect(step.masks).toEqual(
      expect.arrayContaining([DEFAULT_TOKEN, ...values].flatMap(maskedForms)),
    );
    const lines = step.stdout.split("\n").filter((line) => line !== "");
    expect(lines.slice(0, step.masks.length).every((line) => line.startsWith("::add-mask::"))).toBe(
      true,
    );
    expectNoneShown(step, github, [...values, DEFAULT_TOKEN]);
  });

  test("with nothing due asks once, commits nothing and loads only what every run needs", async () => {
    const head = github.repository().head();
    github.reset();
    const again = await runStep({ github });
    expect(requestsTo(github)).toEqual(["POST /graphql query 200"]);
    expect(github.repository().head()).toBe(head);
    expect(again).toMatchObject({
      code: 0,
      log: ["rotated: nothing; failed: nothing; passed over: nothing"],
      annotations: [],
    });
    expect(outputsOf(again)).toMatchObject({
      rotated: [],
      failed: [],
      skipped: [],
      "commit-sha": "",
      changed: "false",
    });
    expect(again.outputs["next-due"]).toBe(step.outputs["next-due"]);
    expect(again.summary).toMatch(
      /^## Nothing was due\n\n\*\*Health:\*\* 2 tokens, all well 🟢\n\nNext due: `ALPHA`, [\d: -]+ UTC\.\n$/,
    );
    expect(again.loaded.map(({ name }) => name).toSorted()).toEqual(IDLE);
    expect(again.loaded.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(IDLE_BYTES);
  });
});

describe("a command that only reports", () => {
  test.each([
    ["dry-run", { "dry-run": "true" }],
    ["plan", { command: "plan" }],
  ])("%s reports what is due and writes nothing", async (_name, inputs) => {
    const github = await startWith(TWO);
    const head = github.repository().head();
    const step = await runStep({ github, inputs });
    expect(step).toMatchObject({ code: 0, log: ["would rotate: ALPHA, BETA"], annotations: [] });
    const statuses = [
      expect.objectContaining({ status: "planned" }),
      expect.objectContaining({ status: "planned" }),
    ];
    expect(outputsOf(step)).toMatchObject({
      rotated: [],
      changed: "false",
      report: { dry_run: true, tokens: statuses },
    });
    expect(step.summary).toContain("## 2 tokens would be rotated");
    expect({ requests: requestsTo(github), head: github.repository().head() }).toEqual({
      requests: ["POST /graphql query 200"],
      head,
    });
  });

  test("health shows the bands, and the earliest time at which anything is due", async () => {
    const github = await startWith(aged({ OLD: 40, FRESH: 0.5 }));
    const step = await runStep({ github, inputs: { command: "health" } });
    expect(step).toMatchObject({
      code: 0,
      log: ["2 tokens, 1 to rotate, 0 never rotated, 1 at high risk"],
      annotations: [],
    });
    expect(outputsOf(step)).toMatchObject({
      rotated: [],
      report: null,
      health: { high_risk: ["OLD"], recently_rotated: ["FRESH"] },
    });
    expect(step.summary).toMatch(/\| 🔴 high risk \| `OLD` \| rotated 40 d ago/);
  });
});

describe("commands with names", () => {
  test("rotate takes the names, separated by commas or lines, and no others", async () => {
    const github = await startWith({ version: 1, tokens: { A: {}, B: {}, C: {} } });
    const step = await runStep({ github, inputs: { command: "rotate", tokens: " A,\n B\n" } });
    expect(outputsOf(step)).toMatchObject({ rotated: ["A", "B"] });
    expect(github.repository().secrets()).toEqual(["A", "B"]);
  });

  test("rotate with an undeclared name names the nearest and does nothing", async () => {
    const github = await startWith(TWO);
    const step = await runStep({ github, inputs: { command: "rotate", tokens: "ALPAH" } });
    expect(step.code).toBe(1);
    expect(annotationsOf(step)).toEqual([expect.stringMatching(/^error .*ALPAH.*ALPHA/)]);
    expect(requestsTo(github)).toEqual(["POST /graphql query 200"]);
  });

  test("workflow rotates what it names and notes that it ran", async () => {
    const workflows = { nightly: { tokens: ["BETA"], schedule: "17 2 * * *" } };
    const github = await startWith({ ...TWO, workflows });
    const step = await runStep({
      github,
      inputs: { command: "workflow", workflow: "nightly" },
      environment: { GITHUB_EVENT_NAME: "workflow_dispatch" },
    });
    expect(outputsOf(step)).toMatchObject({
      rotated: ["BETA"],
      report: { triggered_by: { kind: "workflow_dispatch" } },
    });
    expect(record(github).state?.workflows?.nightly?.last_run_at).not.toBeNull();
  });
});

describe("verify", () => {
  test("distinguishes match, mismatch, not seen, gone and unknown, and fails the step if a secret is not the one placed", async () => {
    const github = await startWith({
      version: 1,
      tokens: { GOOD: {}, OTHER: {}, HIDDEN: {}, LOST: {}, NEW: {} },
    });
    await runStep({ github, inputs: { command: "rotate", tokens: "GOOD,OTHER,HIDDEN,LOST" } });
    // Twice, since after the first time a job that was queued before would see what stood there.
    await runStep({ github, inputs: { command: "rotate", tokens: "OTHER" } });
    github.repository().removeSecret("LOST");
    github.reset();
    const good = github.repository().secret("GOOD")?.value ?? "";
    const canary = "canary-1c5b0f2e-of-another-program";
    const environment = { GOOD: good, OTHER: canary, NEW: "something" };
    const step = await runStep({ github, inputs: { command: "verify" }, environment });
    expect(step.code).toBe(1);
    expect(annotationsOf(step)).toEqual([
      expect.stringMatching(/^error OTHER: /),
      expect.stringMatching(/^error LOST: .* has no secret LOST/),
    ]);
    expect(step.log.map((line) => line.replace(/ \(.*/, ""))).toEqual([
      "GOOD: match",
      "OTHER: mismatch",
      "HIDDEN: not seen",
      "LOST: gone",
      "NEW: unknown",
      "history: 5 entries, each with the right digest of the one before",
    ]);
    expect(step.summary).toMatch(/^## 2 tokens not as recorded\n/);
    expect(outputsOf(step)).toMatchObject({
      rotated: [],
      changed: "false",
      health: null,
      report: { history: { ok: true } },
    });
    expect(requestsTo(github)).toEqual([
      "POST /graphql query 200",
      "GET /repos/acme/widgets/actions/secrets 200",
    ]);
    expectNoneShown(step, github, [good, canary]);
    expect(
      (await runStep({ github, inputs: { command: "verify", "fail-on": "never" }, environment }))
        .code,
    ).toBe(0);
  });

  test("does not take the step's own inputs and token for a consumer's variables", async () => {
    const github = await startWith({ version: 1, tokens: { GH_TOKEN: {}, INPUT_TOKENS: {} } });
    await runStep({ github, inputs: { command: "rotate", tokens: "GH_TOKEN,INPUT_TOKENS" } });
    const step = await runStep({
      github,
      inputs: { command: "verify", tokens: "x" },
      environment: { GH_TOKEN: DEFAULT_TOKEN },
    });
    expect(step).toMatchObject({ code: 0, annotations: [] });
    expect(step.log.slice(0, 2).map((line) => line.replace(/ \(.*/, ""))).toEqual([
      "GH_TOKEN: not seen",
      "INPUT_TOKENS: not seen",
    ]);
  });

  test("finds a changed history", async () => {
    const github = await startWith(TWO);
    await runStep({ github });
    const files = Object.entries(github.repository().files());
    const [day = "", text = ""] = files.find(([path]) => path.endsWith(".jsonl")) ?? [];
    expect(text).toContain('"generation":1,');
    github
      .repository()
      .commit({ [day]: text.replace('"generation":1,', '"generation":9,') }, "Tamper");
    const step = await runStep({ github, inputs: { command: "verify" } });
    expect(step.code).toBe(1);
    expect(annotationsOf(step)).toEqual([expect.stringMatching(/^error history entry /)]);
    expect(step.summary).toMatch(/^## The history was changed\n/);
  });
});

/** Tokens that were rotated some days ago, without a rule. */
function aged(days: Readonly<Record<string, number>>): unknown {
  const state = (name: string, age: number) => {
    const at = new Date(Date.now() - age * DAY).toISOString();
    const destinations = {
      [`actions:acme/widgets:${name}`]: {
        status: "placed" as const,
        generation: 1,
        placed_at: at,
        error: null,
      },
    };
    const fingerprint = `sha256:${"a".repeat(64)}`;
    return rotatedState({ rotated_at: at, fingerprint, destinations });
  };
  const of = <T>(make: (name: string, age: number) => T) =>
    Object.fromEntries(Object.entries(days).map(([name, age]) => [name, make(name, age)]));
  return { version: 1, tokens: of(() => ({})), state: { tokens: of(state) } };
}

describe("fail-on", () => {
  const refuse = {
    match: { method: "PUT", path: /BETA$/ },
    action: { kind: "status", status: 422 },
  } as const;

  test.each([
    ["error", 1, "error"],
    ["high_risk", 1, "error"],
    ["never", 0, "warning"],
  ])("%s with a token that fails: exit code %i and %s", async (failOn, code, level) => {
    const github = await startWith(TWO);
    github.faults.add(refuse);
    const step = await runStep({ github, inputs: { "fail-on": failOn } });
    expect(step.code).toBe(code);
    expect(annotationsOf(step)).toEqual([
      expect.stringMatching(new RegExp(`^${level} BETA: could not `)),
    ]);
    expect(outputsOf(step)).toMatchObject({
      rotated: ["ALPHA"],
      failed: ["BETA"],
      changed: "true",
    });
    expect(step.summary).toContain("## 1 token rotated, 1 failed");
    expect(step.summary).toMatch(
      /### What failed\n\n- `BETA`: could not .*<br>\*\*What to do:\*\* /,
    );
    expectNoneShown(step, github, placed(github));
  });

  test.each([
    ["error", 0, []],
    ["high_risk", 1, ["error at high risk: OLD"]],
    ["never", 0, []],
  ])("%s with a token at high risk: exit code %i", async (failOn, code, annotations) => {
    const github = await startWith(aged({ OLD: 40 }));
    for (const command of ["run", "health"]) {
      const step = await runStep({ github, inputs: { command, "fail-on": failOn } });
      expect({ command, code: step.code, annotations: annotationsOf(step) }).toEqual({
        command,
        code,
        annotations,
      });
    }
  });
});

describe("a config with mistakes", () => {
  const BAD = `{
  "version": 1,
  "tokens": {
    "GITHUB_THING": {},
    "API_KEY": { "lenght": 32 }
  },
  "rules": { "API_KEY": { "interval_hours": 0 } },
  "workflows": { "w": { "tokens": ["API_KEX"], "schedule": "61 * * * *" } }
}
`;

  test("is reported whole, each mistake on its line, with nothing written", async () => {
    const github = await startWith(BAD);
    const head = github.repository().head();
    const step = await runStep({ github });
    expect(step.code).toBe(1);
    expect(annotationsOf(step).map((line) => line.split(" ").slice(0, 2).join(" "))).toEqual([
      "error token_config.json:4:5",
      "error token_config.json:5:18",
      "error token_config.json:7:45",
      "error token_config.json:8:36",
      "error token_config.json:8:60",
    ]);
    expect(step.stdout).toMatch(/^::error file=token_config\.json,line=5,col=18::/m);
    expect(step.summary).toMatch(
      /^## Nothing was done\n\ntoken\\_config\.json has 5 mistakes:\n\n- line 4, column 5: /,
    );
    expect(outputsOf(step)).toEqual({
      rotated: [],
      failed: [],
      skipped: [],
      report: null,
      health: null,
      "commit-sha": "",
      "next-due": "",
      changed: "false",
    });
    expect({ requests: requestsTo(github), head: github.repository().head() }).toEqual({
      requests: ["POST /graphql query 200"],
      head,
    });
  });

  test("is only a warning if the step must not fail", async () => {
    const step = await runStep({ github: await startWith(BAD), inputs: { "fail-on": "never" } });
    expect(step.code).toBe(0);
    expect(annotationsOf(step)).toHaveLength(5);
    expect(step.annotations.every(({ name }) => name === "warning")).toBe(true);
  });

  test("on another branch or in another repository points at no line of this one", async () => {
    const github = await startWith(TWO);
    await github.addRepository({ fullName: "acme/records", files: { [PATH]: BAD } });
    const step = await runStep({ github, inputs: { repository: "acme/records" } });
    expect(step.code).toBe(1);
    expect(step.annotations.map(({ properties }) => properties.file)).toEqual(
      Array.from({ length: 5 }),
    );
  });

  test.each([
    ["not JSON", "{", /token_config\.json:1:/],
    ["empty", "", /token_config\.json:1:1 the file is empty/],
    ["missing", null, /token_config\.json does not exist/],
  ])("that is %s is one clear error", async (_name, text, expected) => {
    const github =
      text === null ? await startWith(TWO, { path: "elsewhere.json" }) : await startWith(text);
    const step = await runStep({ github });
    expect(step.code).toBe(1);
    expect(annotationsOf(step).join("\n")).toMatch(expected);
  });

  test("at another path is read from there", async () => {
    const github = await startWith(TWO, { path: "ops/tokens.json" });
    expect(
      outputsOf(await runStep({ github, inputs: { "config-path": "./ops/tokens.json" } })),
    ).toMatchObject({
      rotated: ["ALPHA", "BETA"],
    });
  });
});

describe("inputs that cannot be right", () => {
  test("are reported all at once, before any request to GitHub, without showing what may be a secret", async () => {
    const github = await startWith(TWO);
    const canary = "canary-9f00-in-the-wrong-input";
    const step = await runStep({
      github,
      inputs: {
        command: canary,
        "dry-run": "yes",
        "fail-on": "hihg_risk",
        repository: "no slash",
        "github-token": "",
      },
    });
    expect(step.code).toBe(1);
    expect(annotationsOf(step).map((line) => line.split(". ")[0])).toEqual([
      "error the input command is a string of 30 characters",
      "error the input repository is not of the form owner/name",
      "error the input github-token is empty",
      'error the input dry-run is "yes"',
      expect.stringMatching(/^error the input fail-on is /),
    ]);
    expect(annotationsOf(step).at(-1)).toContain("Did you mean high_risk?");
    expect(outputsOf(step)).toMatchObject({ rotated: [], changed: "false" });
    expect(github.requests).toEqual([]);
    expect(`${step.stdout}${step.stderr}${step.summary}`).not.toContain(canary);
  });

  test.each([
    [{ command: "rotate" }, /needs the input tokens/],
    [{ command: "rotate", tokens: " , \n" }, /needs the input tokens/],
    [{ command: "workflow" }, /needs the input workflow/],
    [{ "notify-webhook": "not a url" }, /webhook's URL is not/],
    [{ "github-token": "two words" }, /GitHub token holds a blank/],
  ])("%j", async (inputs, expected) => {
    const github = await startWith(TWO);
    const step = await runStep({ github, inputs });
    expect(step.code).toBe(1);
    expect(annotationsOf(step)).toEqual([expect.stringMatching(expected)]);
    expect(github.requests).toEqual([]);
  });
});

describe("a token that may not", () => {
  const weak = `ghs_${"W".repeat(36)}`;

  test("write secrets learns which permission is missing, with nothing written", async () => {
    const github = await startWith(TWO);
    github.addToken({ token: weak, kind: "github_token", permissions: { contents: "write" } });
    const head = github.repository().head();
    const step = await runStep({ github, inputs: { "github-token": weak } });
    expect(step.code).toBe(1);
    expect(annotationsOf(step)).toEqual([
      expect.stringMatching(/^error ALPHA: .*[Ss]ecrets/),
      expect.stringMatching(/^error BETA: .*[Ss]ecrets/),
    ]);
    expect(outputsOf(step)).toMatchObject({ failed: ["ALPHA", "BETA"], changed: "false" });
    expect({ head: github.repository().head(), secrets: github.repository().secrets() }).toEqual({
      head,
      secrets: [],
    });
    expect(`${step.log.join("\n")}${step.summary}${JSON.stringify(step.outputs)}`).not.toContain(
      weak,
    );
  });

  test("be known to GitHub at all gets that answer", async () => {
    const github = await startWith(TWO);
    const step = await runStep({ github, inputs: { "github-token": weak } });
    expect(step.code).toBe(1);
    expect(annotationsOf(step)).toEqual([expect.stringMatching(/^error .*the token was refused/)]);
    expect(step.summary).toMatch(/^## Nothing was done\n/);
  });

  test("push to a protected branch places nothing", async () => {
    const github = await startWith(TWO);
    github.repository().protectedBranches.set("main", "ruleset");
    const step = await runStep({ github });
    expect(step.code).toBe(1);
    expect(annotationsOf(step)).toEqual([expect.stringMatching(/^error .*protect|rule/i)]);
    expect(github.repository().secrets()).toEqual([]);
  });

  test("find its branch says so", async () => {
    const github = await startWith(TWO);
    const step = await runStep({ github, inputs: { branch: "records" } });
    expect(step.code).toBe(1);
    expect(annotationsOf(step)).toEqual([expect.stringMatching(/no branch records/)]);
  });
});

describe("where things live", () => {
  test("the record in another repository, on a branch of its own: secrets and commits go there", async () => {
    const github = await startWith({ version: 1 });
    const records = await github.addRepository({
      fullName: "acme/records",
      files: { "README.md": "" },
    });
    records.setBranch("record", records.head() ?? "");
    records.commit({ [PATH]: JSON.stringify(TWO) }, "Declare", "record");
    const step = await runStep({
      github,
      inputs: { repository: "acme/records", branch: "record" },
    });
    expect(outputsOf(step)).toMatchObject({
      rotated: ["ALPHA", "BETA"],
      "commit-sha": records.head("record"),
    });
    expect({ there: records.secrets(), here: github.repository().secrets() }).toEqual({
      there: ["ALPHA", "BETA"],
      here: [],
    });
  });

  test("GitHub Enterprise Server: the runner's addresses are used, and the GraphQL one is derived if it is missing", async () => {
    const github = await startWith(TWO);
    const environment = {
      GITHUB_API_URL: `${github.url}/api/v3`,
      GITHUB_GRAPHQL_URL: "",
      GITHUB_SERVER_URL: "https://ghe.example",
    };
    const step = await runStep({ github, environment });
    expect(outputsOf(step)).toMatchObject({
      rotated: ["ALPHA", "BETA"],
      report: { triggered_by: { run_url: "https://ghe.example/acme/widgets/actions/runs/42" } },
    });
  });

  test("outside a runner, without files for outputs and the summary, it works and prints its outputs", async () => {
    const github = await startWith(aged({ FRESH: 0.5 }));
    const step = await runStep({
      github,
      environment: { GITHUB_OUTPUT: "", GITHUB_STEP_SUMMARY: "" },
    });
    expect(step).toMatchObject({ code: 0, stderr: "", summary: "" });
  });

  test("a summary that cannot be written is a warning", async () => {
    const step = await runStep({
      github: await startWith(TWO),
      environment: { GITHUB_STEP_SUMMARY: "/nowhere/summary" },
    });
    expect(step.code).toBe(0);
    expect(annotationsOf(step)).toEqual([
      expect.stringMatching(/^warning the job summary could not be written/),
    ]);
  });
});

test("a fingerprint key turns fingerprints into HMACs of the placed values", async () => {
  const github = await startWith(TWO);
  const key = "canary-7c0ffee0-fingerprint-key";
  const step = await runStep({ github, inputs: { "fingerprint-key": key } });
  const values = placed(github);
  const prints = Object.values(record(github).state?.tokens ?? {}).map(
    ({ current }) => current?.fingerprint,
  );
  expect(prints).toEqual(values.map(() => expect.stringMatching(/^hmac-sha256:[0-9a-f]{64}$/)));
  expectNoneShown(step, github, [...values, key]);
});

describe("the webhook", () => {
  const secret = "canary-3d2c-webhook-secret";

  async function notified(statuses: readonly number[], options: Partial<StepOptions> = {}) {
    const receiver = await startReceiver(statuses);
    open.push(receiver);
    const github = await startWith(TWO);
    const inputs = {
      "notify-webhook": `${receiver.url}/hook/canary-key-in-the-path`,
      "notify-webhook-secret": secret,
      ...options.inputs,
    };
    return { github, receiver, step: await runStep({ github, inputs }) };
  }

  test("gets the report, signed; two failures are tried again", async () => {
    const { github, receiver, step } = await notified([500, 503, 204]);
    expect(step).toMatchObject({ code: 0, annotations: [] });
    expect(receiver.posts.map(({ status }) => status)).toEqual([500, 503, 204]);
    const [post] = receiver.posts;
    expect(post?.headers["x-token-automation-signature"]).toBe(
      `sha256=${createHmac("sha256", secret)
        .update(post?.body ?? "")
        .digest("hex")}`,
    );
    expect(JSON.parse(post?.body ?? "")).toMatchObject({
      rotated: ["ALPHA", "BETA"],
      commit: { sha: github.repository().head() },
    });
    const values = placed(github);
    for (const form of [...values, secret].flatMap(formsOf)) expect(post?.body).not.toContain(form);
    expectNoneShown(step, github, [...values, secret, "canary-key-in-the-path"]);
  });

  test("that stays down is a warning, and the run stands", async () => {
    const { github, receiver, step } = await notified([500, 500, 500]);
    expect(step.code).toBe(0);
    expect(annotationsOf(step)).toEqual([
      expect.stringMatching(
        /^warning the webhook at 127\.0\.0\.1:\d+ did not accept the report: it answered 500/,
      ),
    ]);
    expect(receiver.posts).toHaveLength(3);
    expect(outputsOf(step)).toMatchObject({ rotated: ["ALPHA", "BETA"], failed: [] });
    expectNoneShown(step, github, [secret, "canary-key-in-the-path"]);
  });

  test("hears nothing of a run that did nothing", async () => {
    const { receiver } = await notified([204], { inputs: { "dry-run": "true" } });
    expect(receiver.posts).toEqual([]);
  });
});

describe("a proxy", () => {
  // Not 127.0.0.1, since the toolkit never asks a proxy for loopback addresses. This one reaches the same server.
  const elsewhere = (github: TestGitHub) => {
    const url = github.url.replace("127.0.0.1", "0.0.0.0");
    return { GITHUB_API_URL: url, GITHUB_GRAPHQL_URL: `${url}/graphql` };
  };

  test("named by the environment gets every request", async () => {
    const [github, proxy] = [await startWith(TWO), await startProxy()];
    open.push(proxy);
    const step = await runStep({
      github,
      environment: { ...elsewhere(github), http_proxy: proxy.url },
    });
    expect(outputsOf(step)).toMatchObject({ rotated: ["ALPHA", "BETA"] });
    expect(github.requests).toHaveLength(6);
    expect(new Set(proxy.targets)).toEqual(
      new Set([new URL(github.url).host.replace("127.0.0.1", "0.0.0.0")]),
    );
  });

  test("is bypassed for the hosts that no_proxy names", async () => {
    const [github, proxy] = [await startWith(TWO), await startProxy()];
    open.push(proxy);
    const step = await runStep({
      github,
      environment: { ...elsewhere(github), http_proxy: proxy.url, no_proxy: "0.0.0.0" },
    });
    expect(outputsOf(step)).toMatchObject({ rotated: ["ALPHA", "BETA"] });
    expect(proxy.targets).toEqual([]);
  });
});
