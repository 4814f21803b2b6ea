import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { issuerContract } from "../../../test/issuer-contract.ts";
import { expectNothingShown, failureOf, issueRequest, labelOf } from "../../../test/issuing.ts";
import { PYTHON } from "../../../test/key-folder.ts";
import { toolAvailable } from "../../../test/require-tool.ts";
import { openIssuer } from "../../compose/issuers.ts";
import type { Credential } from "../../core/ports/issuer.ts";
import { memoryStore } from "../stores/memory.ts";

const SERVER = fileURLToPath(new URL("../../../test/aws_server.py", import.meta.url));
const ADMIN = {
  AWS_ACCESS_KEY_ID: `AKIA${"ADMIN".repeat(3)}0`,
  AWS_SECRET_ACCESS_KEY: "canary-admin-secret-key",
};
const FOREIGN = `AKIA${"FOREIGN".repeat(2)}00`;

type Key = {
  readonly secret: string;
  readonly status: string;
  readonly created: string;
  readonly unsettled: number;
  readonly used: boolean;
};
type State = {
  readonly keys: Readonly<Record<string, Key>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly calls: readonly string[];
};

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

async function startAws() {
  const child = spawn(PYTHON, [SERVER], { stdio: ["ignore", "pipe", "inherit"] });
  const [port] = await once(createInterface({ input: child.stdout }), "line");
  const url = `http://127.0.0.1:${port}`;
  const open = (variables: Record<string, string> = ADMIN, more: object = {}) =>
    openIssuer({ use: "aws_iam", user: "deploy", endpoint: url, ...more } as { use: string }, {
      home: { kind: "github", repository: "acme/widgets" },
      variables,
      client: () => Promise.reject(new Error("no GitHub here")),
      store: memoryStore(),
      clock: () => new Date(),
      programs: null,
    });
  const state = async (): Promise<State> =>
    JSON.parse(await (await fetch(`${url}/__state`)).text());
  const control = (what: object) =>
    fetch(`${url}/__control`, { method: "POST", body: JSON.stringify(what) });
  const accepts = async ({ fields }: Credential) => {
    const key = (await state()).keys[fields.access_key_id?.reveal() ?? ""];
    return (
      key?.status === "Active" &&
      key.secret === fields.secret_access_key?.reveal() &&
      key.secret === fields.value?.reveal()
    );
  };
  const close = async () => {
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  };
  return { open, state, control, accepts, close };
}

async function start() {
  const aws = await startAws();
  closing.push(aws.close);
  return aws;
}

/** A key that a person made by hand, some milliseconds ago. */
const byHand = (age = 0, used = false) => ({
  keys: {
    [FOREIGN]: {
      secret: "s",
      status: "Active",
      created: new Date(Date.now() - age).toISOString(),
      unsettled: 0,
      used,
    },
  },
});
const idsOf = async ({ state }: { state: () => Promise<State> }) =>
  Object.keys((await state()).keys);

describe.skipIf(!toolAvailable("python"))("aws_iam", () => {
  issuerContract(
    "aws_iam",
    async () => {
      const { open, accepts, close } = await startAws();
      const wrong = { ...ADMIN, AWS_SECRET_ACCESS_KEY: "canary-wrong" };
      return {
        issuer: await open(),
        accepts,
        faults: [
          { issuer: await open(wrong), kind: "denied", says: /SignatureDoesNotMatch/ },
          {
            issuer: await open(ADMIN, { user: "missing" }),
            kind: "misconfigured",
            says: /NoSuchEntity/,
          },
        ],
        canaries: [ADMIN.AWS_SECRET_ACCESS_KEY, "canary-wrong", "canary-message"],
        close,
      };
    },
    {
      fields: ["access_key_id", "secret_access_key", "value"],
      openFields: ["access_key_id"],
      live: 2,
      unknownRef: `AKIA${"IOSFODNN7EXAMPLE"}`,
      faults: ["an administrator's key that is refused", "a user that does not exist"],
    },
  );

  test("signs with a session's token, of the usual variables or of those that are named", async () => {
    const aws = await start();
    await aws.control({ session: "canary-session" });
    expect(await failureOf((await aws.open()).find(labelOf(1)))).toMatchObject({ kind: "denied" });
    expect(
      await (await aws.open({ ...ADMIN, AWS_SESSION_TOKEN: "canary-session" })).find(labelOf(1)),
    ).toEqual([]);
    const named = {
      ID: ADMIN.AWS_ACCESS_KEY_ID,
      KEY: ADMIN.AWS_SECRET_ACCESS_KEY,
      SESSION: "canary-session",
    };
    const names = {
      access_key_id_variable: "ID",
      secret_access_key_variable: "KEY",
      session_token_variable: "SESSION",
    };
    expect(await (await aws.open(named, names)).find(labelOf(1))).toEqual([]);
  });

  test("waits for a new key that AWS does not know everywhere yet", async () => {
    const aws = await start();
    await aws.control({ settles: 2 });
    const issuer = await aws.open();
    const credential = await issuer.issue(issueRequest(1));
    expect(credential.settlesWithinMs).toBe(15_000);
    const verdicts = [];
    for (let asked = 0; asked < 3; asked++)
      verdicts.push((await issuer.check(credential, AbortSignal.timeout(240_000))).verdict);
    expect(verdicts).toEqual(["refused", "refused", "works"]);
  });

  test("asks again what AWS throttles, and gives up after some tries with nothing changed", async () => {
    const aws = await start();
    await aws.control({ throttle: { CreateAccessKey: 2 } });
    const issuer = await aws.open();
    const { ref } = await issuer.issue(issueRequest(1));
    expect(await idsOf(aws)).toEqual([ref]);
    await aws.control({ throttle: { CreateAccessKey: 99 } });
    expect(await failureOf(issuer.issue(issueRequest(2, { current: ref })))).toMatchObject({
      kind: "unchanged",
      code: "aws-throttled",
    });
    expect(await idsOf(aws)).toEqual([ref]);
  });

  test("touches no second key that the record did not make", async () => {
    const aws = await start();
    await aws.control(byHand());
    const issuer = await aws.open();
    const { ref } = await issuer.issue(issueRequest(1));
    const error = await failureOf(issuer.issue(issueRequest(2, { current: ref })));
    expect(error).toMatchObject({ kind: "misconfigured", code: "aws-foreign-key" });
    expect(error.message).toContain(FOREIGN);
    expect(error.message).not.toContain(ref ?? "?");
    expect((await idsOf(aws)).toSorted()).toEqual([FOREIGN, ref].toSorted());
  });

  test("says what it waits for if the second key is the one before", async () => {
    const aws = await start();
    const issuer = await aws.open();
    const first = await issuer.issue(issueRequest(1));
    const second = await issuer.issue(issueRequest(2, { current: first.ref }));
    const again = issueRequest(3, { current: second.ref, retiring: [first.ref ?? ""] });
    expect(await failureOf(issuer.issue(again))).toMatchObject({
      kind: "unchanged",
      code: "aws-two-keys",
      hint: /overlap_hours/,
    });
    await issuer.revoke(first.ref ?? "");
    expect((await aws.state()).calls.slice(-3)).toEqual([
      "UpdateAccessKey",
      "DeleteAccessKey",
      "UntagUser",
    ]);
    const third = await issuer.issue(again);
    expect((await idsOf(aws)).toSorted()).toEqual([second.ref, third.ref].toSorted());
  });

  test.each([
    ["the announcement", "TagUser", 0],
    ["the making", "CreateAccessKey", 1],
    ["the label", "label", 1],
  ])("finds the key that was made if the answer to %s was lost", async (_, step, left) => {
    const aws = await start();
    const issuer = await aws.open();
    const { ref } = await issuer.issue(issueRequest(1));
    await aws.control({ lose: { [step]: 1 } });
    const error = await failureOf(issuer.issue(issueRequest(2, { current: ref })));
    expect(error.kind).toBe("uncertain");
    expectNothingShown(error, ["canary"]);
    const orphans = (await idsOf(aws)).filter((id) => id !== ref);
    expect(orphans).toHaveLength(left);
    expect(await issuer.find(labelOf(2))).toEqual(orphans);
    for (const orphan of orphans) await issuer.revoke(orphan);
    expect(await idsOf(aws)).toEqual([ref]);
    expect((await issuer.issue(issueRequest(3, { current: ref }))).ref).not.toBe(ref);
  });

  test("finds it also if the next one was made before a run could look for it", async () => {
    const aws = await start();
    const issuer = await aws.open();
    await aws.control({ lose: { CreateAccessKey: 1 } });
    expect((await failureOf(issuer.issue(issueRequest(1)))).kind).toBe("uncertain");
    const orphans = await idsOf(aws);
    await aws.control({ deny: ["GetAccessKeyLastUsed"] });
    expect((await failureOf(issuer.find(labelOf(1)))).kind).toBe("denied");
    // A key that no run can look for must not be forgotten for a new one either.
    expect((await failureOf(issuer.issue(issueRequest(2)))).kind).toBe("denied");
    await aws.control({ deny: [] });
    const { ref } = await issuer.issue(issueRequest(3));
    expect([await issuer.find(labelOf(1)), await issuer.find(labelOf(3))]).toEqual([
      orphans,
      [ref],
    ]);
  });

  test.each([
    [
      "was there before",
      async (aws: Awaited<ReturnType<typeof start>>) => void (await aws.control(byHand())),
      null,
    ],
    ["was made long before", null, byHand(60 * 60_000)],
    ["is in use", null, byHand(0, true)],
  ] as const)("takes no key for an orphan that %s", async (_, before, after) => {
    const aws = await start();
    const issuer = await aws.open();
    await before?.(aws);
    await aws.control({ deny: ["CreateAccessKey"] });
    expect(await failureOf(issuer.issue(issueRequest(1)))).toMatchObject({
      kind: "denied",
      permission: "iam:CreateAccessKey",
    });
    if (after !== null) await aws.control(after);
    expect(await issuer.find(labelOf(1))).toEqual([]);
    expect(await idsOf(aws)).toEqual([FOREIGN]);
  });
});
