// The issuer of Redis passwords, against a real server.
import { createHash } from "node:crypto";
import { chmod, rm } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startCuttingProxy } from "../../../test/cutting-proxy.ts";
import {
  expectBoundedWait,
  expectHundredRotations,
  logInAt,
} from "../../../test/database-promises.ts";
import { issuerContract } from "../../../test/issuer-contract.ts";
import { expectNothingShown, failureOf, issueRequest, labelOf } from "../../../test/issuing.ts";
import { ADMIN_PASSWORD, type RedisServer, startRedis } from "../../../test/redis-server.ts";
import { toolAvailable } from "../../../test/require-tool.ts";
import { startRotation } from "../../../test/service-rotation.ts";
import { Secret } from "../../core/base/secret.ts";
import { fieldsOf } from "../../core/model/schema.ts";
import type { Credential } from "../../core/ports/issuer.ts";
import { redisIssuer } from "./redis.ts";

const VARIABLE = "REDIS_ADMIN_URL";
/** The characters that ACL names may hold and URLs trip over. Spaces are not among them. */
const HOSTILE = `a"b'c;%41/?#@:ü`;
/** The rights that docs/issuers/redis.md asks for. */
const RIGHTS = [
  "+acl|getuser",
  "+acl|setuser",
  "+acl|deluser",
  "+acl|users",
  "+acl|whoami",
  "+acl|save",
  "+config|get",
  "+multi",
  "+exec",
];
const FIRST = "the password of the first day";

describe.skipIf(!toolAvailable("redis"))("redis", () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
    await server.ask("ACL", "SETUSER", "rotator", "on", ">rotators", ...RIGHTS);
  });
  afterAll(() => server?.close());

  const fresh = async (user: string) => {
    for (const name of (await server.ask("ACL", "USERS")) as string[])
      if (name.startsWith("token-automation:")) await server.ask("ACL", "DELUSER", name);
    await server.ask("ACL", "SETUSER", user, "reset", "on", `>${FIRST}`, "~*", "+@read");
  };
  const open = (user = "app", { url = server.url("rotator", "rotators"), volatile = false } = {}) =>
    redisIssuer({ admin: { url: new Secret(url), variable: VARIABLE }, user, volatile });
  const accepts = async ({ fields }: Pick<Credential, "fields">) =>
    (await server.logIn(fields.username?.reveal() ?? "", fields.value?.reveal() ?? "")) === true;

  const contract = async (user: string) => {
    await fresh(user);
    const lacking = RIGHTS.filter((right) => right !== "+acl|save");
    await server.ask("ACL", "SETUSER", "lacking", "reset", "on", ">canary-lacking", ...lacking);
    return {
      issuer: open(user),
      accepts,
      canaries: [
        ADMIN_PASSWORD,
        encodeURIComponent(ADMIN_PASSWORD),
        "canary-wrong",
        "canary-lacking",
      ],
      faults: [
        {
          issuer: open(user, { url: server.url("rotator", "canary-wrong") }),
          kind: "denied",
          says: /REDIS_ADMIN_URL/,
        },
        {
          issuer: open(user, { url: server.url("lacking", "canary-lacking") }),
          kind: "denied",
          says: /\+acl\|save/,
        },
        {
          issuer: open(user, { url: "redis://rotator:canary-wrong@127.0.0.1:1" }),
          kind: "unchanged",
          says: /ECONNREFUSED/,
        },
        { issuer: open("missing"), kind: "misconfigured", says: /no user "missing"/ },
      ] as const,
      close: async () => undefined,
    };
  };
  const traits = {
    fields: fieldsOf({ use: "redis", admin_url_variable: VARIABLE, user: "app" }) ?? [],
    live: "many",
    faults: [
      "a wrong password of the administrator",
      "a privilege that is missing",
      "no server",
      "a user that does not exist",
    ],
  } as const;
  issuerContract("a user", () => contract("app"), {
    ...traits,
    unknownRef: `${"0".repeat(64)}:app`,
  });
  issuerContract("a name that is hard to quote", () => contract(HOSTILE), {
    ...traits,
    unknownRef: `${"0".repeat(64)}:${HOSTILE}`,
  });

  test("the passwords beside it stay, and the server's file has the working ones", async () => {
    await fresh("app");
    const credential = await open().issue(issueRequest(1));
    const digest = createHash("sha256")
      .update(credential.fields.value?.reveal() ?? "")
      .digest("hex");
    expect(await server.aclFile()).toContain(`#${digest}`);
    expect([await server.logIn("app", FIRST), await accepts(credential)]).toEqual([true, true]);
    await open().revoke(credential.ref ?? "");
    expect(await server.aclFile()).not.toContain(digest);
    expect([await server.logIn("app", FIRST), await accepts(credential)]).toEqual([true, false]);
  });

  test("no command that the server sees holds the password", async () => {
    await fresh("app");
    await server.ask("CONFIG", "SET", "slowlog-log-slower-than", "0");
    const { fields } = await open().issue(issueRequest(1));
    await server.ask("CONFIG", "SET", "slowlog-log-slower-than", "-1");
    const seen = JSON.stringify(await server.ask("SLOWLOG", "GET", "128"));
    expect(seen.toLowerCase()).toContain("setuser");
    expect(seen.includes(fields.value?.reveal() ?? "")).toBe(false);
  });

  test("the user that stands for a label can neither log in nor do anything", async () => {
    await fresh("app");
    await open().issue(issueRequest(1));
    const names = ((await server.ask("ACL", "USERS")) as string[]).filter((name) =>
      name.endsWith(`:${labelOf(1)}`),
    );
    expect(names).toHaveLength(1);
    expect(await server.ask("ACL", "GETUSER", names[0] ?? "")).toEqual(
      expect.arrayContaining([expect.arrayContaining(["off"]), "-@all"]),
    );
    expect(await server.logIn(names[0] ?? "", "")).toBe("WRONGPASS");
  });

  test.each([
    ["nopass", "user-open"],
    ["off", "user-off"],
  ])("a user that is %s is refused before anything is changed", async (flag, code) => {
    await fresh("app");
    await server.ask("ACL", "SETUSER", "app", flag);
    expect(await failureOf(open().issue(issueRequest(1)))).toMatchObject({
      kind: "misconfigured",
      code,
    });
    expect(await open().find(labelOf(1))).toEqual([]);
  });

  test("passwords that could be guessed, and the administrator's own, are refused", async () => {
    expect(await failureOf(open().issue(issueRequest(1, { length: 16 })))).toMatchObject({
      code: "password-too-weak",
    });
    expect(await failureOf(open("rotator").issue(issueRequest(1)))).toMatchObject({
      code: "user-is-admin",
    });
  });

  test("the database of the administrator's URL is the consumers' alone", async () => {
    await fresh("app");
    await server.ask("ACL", "SETUSER", "app", "+select");
    const issuer = open("app", { url: `${server.url("rotator", "rotators")}/3` });
    const credential = await issuer.issue(issueRequest(1));
    expect(new URL(credential.fields.url?.reveal() ?? "").pathname).toBe("/3");
    expect((await issuer.check(credential, AbortSignal.timeout(240_000))).verdict).toBe("works");
  });

  test("an administrator's URL that names a database is refused before anything is asked", async () => {
    const error = await failureOf(
      Promise.resolve().then(() => open("app", { url: "redis://rotator:canary@127.0.0.1/names" })),
    );
    expect(error).toMatchObject({ kind: "misconfigured", code: "admin-url-invalid" });
    expectNothingShown(error, ["canary"]);
  });

  test("a server that forgets its users is refused, unless the declaration says so", {
    timeout: 60_000,
  }, async () => {
    const forgetful = await startRedis({ file: false });
    try {
      await forgetful.ask("ACL", "SETUSER", "app", "on", `>${FIRST}`);
      const url = forgetful.url();
      expect(await failureOf(open("app", { url }).issue(issueRequest(1)))).toMatchObject({
        kind: "misconfigured",
        code: "acl-not-kept",
      });
      const issuer = open("app", { url, volatile: true });
      const { fields, ref } = await issuer.issue(issueRequest(1));
      expect(await forgetful.logIn("app", fields.value?.reveal() ?? "")).toBe(true);
      await issuer.revoke(ref ?? "");
      expect(await forgetful.logIn("app", fields.value?.reveal() ?? "")).toBe("WRONGPASS");
    } finally {
      await forgetful.close();
    }
  });

  test("a server that cannot write its file: uncertain, then found and ended when it can again", {
    timeout: 60_000,
  }, async () => {
    const other = await startRedis();
    try {
      await other.ask("ACL", "SETUSER", "app", "on", `>${FIRST}`);
      const issuer = open("app", { url: other.url() });
      const before = await other.aclFile();
      await rm(`${other.folder}/users.acl`);
      await chmod(other.folder, 0o500);
      const error = await failureOf(issuer.issue(issueRequest(1)));
      expect(error).toMatchObject({ kind: "uncertain", code: "acl-not-saved" });
      const [ref = ""] = await issuer.find(labelOf(1));
      await chmod(other.folder, 0o700);
      await issuer.revoke(ref);
      expect(await issuer.find(labelOf(1))).toEqual([]);
      expect(before).not.toContain("token-automation");
      expect(await other.aclFile()).not.toContain("token-automation");
    } finally {
      await other.close();
    }
  });

  test("a server that never answers is waited for no longer than the run may wait", () =>
    expectBoundedWait((port) => open("app", { url: `redis://rotator:c4nary@127.0.0.1:${port}` })));

  describe("in the whole program", () => {
    const declared = (more: object = {}) => ({
      use: "redis",
      admin_url_variable: VARIABLE,
      user: "app",
      ...more,
    });
    const logIn = (url: string) => logInAt(server, url);
    const passwords = async () => {
      const reply = (await server.ask("ACL", "GETUSER", "app")) as unknown[];
      return reply[reply.indexOf("passwords") + 1] as string[];
    };

    test("a consumer that logs in again and again through a hundred rotations never fails", {
      timeout: 300_000,
    }, async () => {
      await fresh("app");
      const rotation = await startRotation(declared(), {
        [VARIABLE]: server.url("rotator", "rotators"),
      });
      try {
        await expectHundredRotations(rotation, logIn);
        // The first day's, the last one and the one before it, and as many marks as passwords of ours.
        expect(await passwords()).toHaveLength(3);
        expect(
          ((await server.ask("ACL", "USERS")) as string[]).filter((name) =>
            name.startsWith("token-automation:"),
          ),
        ).toHaveLength(2);
      } finally {
        await rotation.close();
      }
    });

    test("a connection cut while the change was made: uncertain, and the next run ends what it left", async () => {
      await fresh("app");
      const proxy = await startCuttingProxy(server.port);
      const admin = server.url("rotator", "rotators").replace(`:${server.port}`, `:${proxy.port}`);
      const rotation = await startRotation(declared({ port: server.port }), { [VARIABLE]: admin });
      try {
        await rotation.run(0);
        const before = await rotation.read("DATABASE_URL");
        proxy.cutAfter(/EXEC/);
        const cut = await rotation.run(2);
        expect(cut.tokens[0]?.error).toMatchObject({ kind: "uncertain", code: "connection-lost" });
        expect([proxy.cuts(), (await passwords()).length]).toEqual([1, 3]);
        expectNothingShown(cut, [ADMIN_PASSWORD]);

        const after = await rotation.run(2);
        expect(after).toMatchObject({ rotated: ["DATABASE"], revoked: ["DATABASE"] });
        expect(await passwords()).toHaveLength(3);
        expect([await logIn(before), await logIn(await rotation.read("DATABASE_URL"))]).toEqual([
          true,
          true,
        ]);
      } finally {
        await rotation.close();
        await proxy.close();
      }
    });
  });
});
