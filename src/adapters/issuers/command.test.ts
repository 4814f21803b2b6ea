import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { useFolders } from "../../../test/folders.ts";
import { issuerContract } from "../../../test/issuer-contract.ts";
import {
  KEY_PROGRAMS,
  type KeyFaults,
  type KeyFolder,
  keyFolder,
  keysDeclared,
} from "../../../test/key-folder.ts";
import { type KeyService, startKeyService } from "../../../test/key-service.ts";
import { blocksOf, readPages } from "../../../test/pages.ts";
import { toolAvailable } from "../../../test/require-tool.ts";
import { openIssuer } from "../../compose/issuers.ts";
import { describeError, type Failure } from "../../core/base/errors.ts";
import type { IssuerDeclaration } from "../../core/model/schema.ts";
import type { IssueRequest, Issuer } from "../../core/ports/issuer.ts";
import { memoryStore } from "../stores/memory.ts";

const { folder } = useFolders();
const ADMIN = "canary-admin-0c1d2e";
const LABEL = "acme/widgets/ALPHA/g1";
const REQUEST: IssueRequest = {
  tokenName: "ALPHA",
  label: LABEL,
  type: "api_key",
  length: null,
  prefix: null,
  includeSpecial: null,
  current: null,
  retiring: [],
  signal: new AbortController().signal,
};

let keys: KeyFolder;
let workspace: string;
beforeEach(async () => {
  keys = keyFolder(await folder());
  workspace = await folder();
});

function open(
  declaration: IssuerDeclaration,
  programs: string | null = workspace,
  more: Record<string, string> = {},
): Promise<Issuer> {
  return openIssuer(declaration, {
    home: { kind: "github", repository: "acme/widgets" },
    variables: {
      PATH: process.env.PATH,
      HOME: workspace,
      KEYS_DIR: keys.directory,
      KEYS_ADMIN: ADMIN,
      GITHUB_TOKEN: "canary-github-token",
      ...more,
    },
    store: memoryStore(),
    client: () => Promise.reject(new Error("no GitHub here")),
    clock: () => new Date(0),
    programs,
  });
}

const python = (more: Parameters<typeof keysDeclared>[1] = {}) =>
  open(keysDeclared("python", { env: ["KEYS_DIR", "KEYS_ADMIN"], ...more }));

async function failure(promise: Promise<unknown>): Promise<Failure> {
  return promise.then(
    () => Promise.reject(new Error("it should have failed")),
    (error: Failure) => error,
  );
}

const LANGUAGES = [
  "sh",
  "node",
  ...(toolAvailable("python") ? (["python"] as const) : []),
] as const;
for (const language of LANGUAGES) {
  issuerContract(
    `command, a program in ${language}`,
    async () => {
      const issuer = await open(keysDeclared(language));
      const accepts = async ({ ref, fields }: Awaited<ReturnType<Issuer["issue"]>>) =>
        keys.keys().some((key) => key.ref === ref && key.value === fields.value?.reveal());
      return { issuer, accepts, close: async () => undefined };
    },
    { fields: ["value"], live: "many", unknownRef: "0123456789abcdef" },
  );
}

describe.skipIf(!toolAvailable("python"))("the program in docs/issuers/command.md", () => {
  let service: KeyService;
  const start = async () => {
    service = await startKeyService(ADMIN);
    const page = (await readPages()).find(({ path }) => path === "docs/issuers/command.md");
    const [program] = blocksOf(page ?? { path: "", text: "" }).filter(
      ({ language }) => language === "python",
    );
    writeFileSync(join(workspace, "keys.py"), program?.content ?? "");
    const variables = { REPORTS_URL: service.url, REPORTS_ADMIN_KEY: ADMIN };
    const declared = {
      use: "command",
      run: ["python3", "keys.py"],
      env: Object.keys(variables),
    } as const;
    const reach = (admin: string) =>
      open({ ...declared, run: [...declared.run] }, workspace, {
        ...variables,
        REPORTS_ADMIN_KEY: admin,
      });
    return {
      issuer: await reach(ADMIN),
      accepts: async ({ fields }: Awaited<ReturnType<Issuer["issue"]>>) =>
        service.accepts(fields.value?.reveal()),
      faults: [
        {
          issuer: await reach("canary-not-the-admin"),
          kind: "denied",
          says: /the role of an administrator/,
        },
      ] as const,
      canaries: [ADMIN, "canary-not-the-admin"],
      close: () => service.close(),
    };
  };
  issuerContract("the documented program", start, {
    fields: ["value"],
    live: "many",
    unknownRef: "key-000000000000",
    faults: ["an administrator's key that is refused"],
  });
});

describe.skipIf(!toolAvailable("python"))("what the program gets", () => {
  test("are the variables that were named and the few that every program needs, the repository as its folder, and no value in its arguments", async () => {
    const issuer = await python({ run: [...KEY_PROGRAMS.python, "--mode", "test"] });
    const credential = await issuer.issue({
      ...REQUEST,
      current: "old-ref",
      retiring: ["older-ref"],
      length: 40,
    });
    await issuer.check(credential, REQUEST.signal);
    const [issue, check] = keys.asked();
    expect(issue).toMatchObject({
      version: 1,
      action: "issue",
      token_name: "ALPHA",
      label: LABEL,
      type: "api_key",
      length: 40,
      prefix: null,
      include_special: null,
      current: "old-ref",
      retiring: ["older-ref"],
      cwd: workspace,
      argv: ["--mode", "test"],
    });
    const names = "console.log(JSON.stringify({ refs: Object.keys(process.env).sort() }))";
    const naming = await python({ run: [process.execPath, "-e", names] });
    expect(await naming.find(LABEL)).toEqual(["HOME", "KEYS_ADMIN", "KEYS_DIR", "PATH"]);
    expect(JSON.stringify(check)).not.toContain(credential.fields.value?.reveal());
  });

  test("is refused if the variable is missing, and if programs may not be run", async () => {
    expect(await failure(python({ env: ["KEYS_DIR", "ELSEWHERE"] }))).toMatchObject({
      kind: "misconfigured",
      code: "variable-missing",
    });
    expect(await failure(open(keysDeclared("python"), null))).toMatchObject({
      kind: "misconfigured",
      code: "command-not-allowed",
    });
    expect(keys.asked()).toEqual([]);
  });
});

describe.skipIf(!toolAvailable("python"))("a program that", () => {
  const says = (error: Failure) => `${error.kind}: ${error.message}`;
  const NO_ANSWER = "the issuer's program gave no usable answer to issue";
  const issuing = async (
    faults: KeyFaults["issue"],
    more: Parameters<typeof keysDeclared>[1] = {},
  ) => {
    keys.fault({ issue: faults ?? {} });
    return failure((await python(more)).issue(REQUEST));
  };

  test.each<[string, KeyFaults["issue"], string]>([
    ["says nothing", { instead: "" }, "it printed nothing"],
    ["prints garbage", { instead: "Traceback: $KEY" }, "it printed no JSON object"],
    ["prints a list", { instead: "[1]" }, "it printed no JSON object"],
    ["prints bytes that are no text", { instead: '{"a":"\u0000' }, "it printed no JSON object"],
    ["exits with another code, with an answer", { after: true, exit: 3 }, "its exit code was 3"],
    ["exits with another code, without one", { exit: 3 }, "its exit code was 3"],
    ["dies once it has made something", { signal: 9 }, "it was ended by SIGKILL"],
    ["forgets to answer", { after: "silence" }, "it printed nothing"],
    ["prints too much", { print: 3_000_000 }, "it printed more than 1024 KiB and was ended"],
    ["hands over no ref", { answer: { ref: "" } }, "its answer is not as expected at ref"],
    [
      "hands over a ref of two lines",
      { answer: { ref: "a\nb" } },
      "its answer is not as expected at ref",
    ],
    [
      "hands over another field",
      { answer: { fields: { password: "$KEY" } } },
      "its credential lacks value",
    ],
    [
      "hands over more fields",
      { answer: { fields: { value: "a", "canary-field": "b" } } },
      "its credential has more fields than value",
    ],
    [
      "hands over numbers",
      { answer: { fields: { value: 7 } } },
      "its answer is not as expected at fields",
    ],
    [
      "adds something unknown",
      { answer: { "canary-key": 7 } },
      "its answer is not as expected at its top",
    ],
    [
      "puts the value into the ref",
      { answer: { fields: { value: "canary" }, ref: "id-canary" } },
      "its ref holds the value itself",
    ],
    [
      "gives a time that is not one",
      { answer: { expires_at: "soon" } },
      "its answer is not as expected at expires_at",
    ],
  ])("%s leaves an unknown outcome", async (_, fault, seen) => {
    const error = await issuing(fault);
    expect(says(error)).toBe(`uncertain: ${NO_ANSWER}: ${seen}`);
    expect(JSON.stringify(describeError(error)) + String(error.stack)).not.toMatch(/canary/);
  });

  test("hands over an empty value meets the check of every value", async () => {
    keys.fault({ issue: { answer: { fields: { value: "" } } } });
    const { fields, ref } = await (await python()).issue(REQUEST);
    expect({ value: fields.value?.reveal(), ref }).toEqual({
      value: "",
      ref: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
  });

  test.each(["unchanged", "uncertain", "denied", "misconfigured"] as const)(
    "refuses in an orderly way (%s) is believed with any exit code",
    async (kind) => {
      const said = {
        error: { kind, message: `no such user\nwith the key $KEY or AKIA${"1234567890ABCDEF"}` },
      };
      const error = await issuing({ instead: JSON.stringify(said), exit: 1 });
      expect(says(error)).toBe(
        `${kind}: the issuer's program said: no such user with the key [hidden] or [hidden]`,
      );
      expect(error.code).toBe("command-refused");
    },
  );

  test("hangs is ended, with the children that it started", async () => {
    const error = await issuing({ children: true, hang: true }, { timeout_seconds: 1 });
    expect(says(error)).toBe(`uncertain: ${NO_ANSWER}: it took too long and was ended`);
    await gone(childOf(keys));
  });

  test("leaves a child behind that holds its output open: the child is ended, the answer stands", async () => {
    keys.fault({ issue: { children: true } });
    const { ref } = await (await python()).issue(REQUEST);
    expect(keys.keys().map((key) => key.ref)).toEqual([ref]);
    await gone(childOf(keys));
  });

  test("is no longer awaited is ended", async () => {
    keys.fault({ issue: { children: true, hang: true } });
    const issuer = await python();
    const stop = new AbortController();
    const asking = failure(issuer.issue({ ...REQUEST, signal: stop.signal }));
    while (keys.asked().length === 0) await new Promise(setImmediate);
    stop.abort();
    expect(says(await asking)).toBe(
      `uncertain: ${NO_ANSWER}: the run's time was over, and it was ended`,
    );
    expect(says(await failure(issuer.issue({ ...REQUEST, signal: stop.signal })))).toBe(
      "unchanged: the issuer's program was not started, because the run's time was over",
    );
    expect(keys.asked()).toHaveLength(1);
  });

  test("ignores that it is asked to end is killed", async () => {
    const script = join(workspace, "stubborn.sh");
    writeFileSync(script, "trap '' TERM\nwhile true; do sleep 600; done\n");
    const error = await failure(
      (await open({ use: "command", run: ["sh", script], timeout_seconds: 1 })).issue(REQUEST),
    );
    expect(says(error)).toBe(`uncertain: ${NO_ANSWER}: it took too long and was ended`);
  });

  test("does not exist, or may not be run, was never asked", async () => {
    const missing = await failure(
      (await open({ use: "command", run: ["./no-such-program"] })).issue(REQUEST),
    );
    expect(says(missing)).toBe(
      'misconfigured: the issuer\'s program "./no-such-program" was not found',
    );
    writeFileSync(join(workspace, "plain.txt"), "nothing", { mode: 0o644 });
    const plain = await failure(
      (await open({ use: "command", run: ["./plain.txt"] })).issue(REQUEST),
    );
    expect(says(plain)).toBe(
      'misconfigured: the issuer\'s program "./plain.txt" could not be started: EACCES',
    );
  });

  test("lives in the repository is found by its path there", async () => {
    writeFileSync(join(workspace, "issuer.sh"), '#!/bin/sh\necho \'{"refs":["from-here"]}\'\n', {
      mode: 0o755,
    });
    expect(await (await open({ use: "command", run: ["./issuer.sh"] })).find(LABEL)).toEqual([
      "from-here",
    ]);
  });

  test("reads nothing of its input answers all the same", async () => {
    const refs = await (
      await open({ use: "command", run: ["sh", "-c", "exec <&-; echo '{\"refs\":[]}'"] })
    ).find(LABEL);
    expect(refs).toEqual([]);
  });

  test("fails at a question that changes nothing has changed nothing. At a revocation the outcome is unknown", async () => {
    const garbage = { instead: "?" } as const;
    keys.fault({ check: garbage, find: garbage, revoke: garbage });
    const issuer = await python();
    const credential = await issuer.issue(REQUEST);
    const kinds = [
      issuer.check(credential, REQUEST.signal),
      issuer.find(LABEL),
      issuer.revoke(credential.ref ?? ""),
    ].map(async (asked) => says(await failure(asked)));
    expect(await Promise.all(kinds)).toEqual([
      "unchanged: the issuer's program gave no usable answer to check: it printed no JSON object",
      "unchanged: the issuer's program gave no usable answer to find: it printed no JSON object",
      "uncertain: the issuer's program gave no usable answer to revoke: it printed no JSON object",
    ]);
  });

  test("answers a check shows no value in its detail, nor a warning by its text", async () => {
    keys.fault({
      issue: {
        answer: {
          fields: { value: "canary-value-1" },
          warnings: ["made canary-value-1"],
          settles_within_seconds: 1.5,
          entropy_bits: 192,
        },
      },
      check: {
        answer: { verdict: "unknown", detail: "saw canary-value-1, Y2FuYXJ5LXZhbHVlLTE= and $KEY" },
      },
    });
    const issuer = await python();
    const credential = await issuer.issue(REQUEST);
    expect(credential).toMatchObject({
      settlesWithinMs: 1500,
      entropyBits: 192,
      warnings: ["made [hidden]"],
    });
    expect(await issuer.check(credential, REQUEST.signal)).toEqual({
      verdict: "unknown",
      detail: "saw [hidden], [hidden] and $KEY",
    });
  });
});

/** The child that a program in Python noted before it went on. */
function childOf(folder: KeyFolder): number {
  return Number(readFileSync(join(folder.directory, "child.pid"), "utf8"));
}

/** Resolves once the process has ended, which may be some time after the signal has reached it. */
async function gone(pid: number): Promise<void> {
  while (isAlive(pid)) await new Promise(setImmediate);
}

/** Whether a process runs. One that ended and waits to be collected by its parent does not. */
function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
