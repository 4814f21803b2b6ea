// The issuer of MySQL and MariaDB passwords, against a real MariaDB server.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startCuttingProxy } from "../../../test/cutting-proxy.ts";
import {
  expectBoundedWait,
  expectCutMended,
  expectHundredRotations,
  logInAt,
} from "../../../test/database-promises.ts";
import { issuerContract } from "../../../test/issuer-contract.ts";
import { failureOf, issueRequest, labelOf } from "../../../test/issuing.ts";
import {
  type MariaDbServer,
  SUPERUSER_PASSWORD,
  startMariaDb,
} from "../../../test/mariadb-server.ts";
import { blocksOf, readPages } from "../../../test/pages.ts";
import { toolAvailable } from "../../../test/require-tool.ts";
import { startRotation } from "../../../test/service-rotation.ts";
import { Secret } from "../../core/base/secret.ts";
import { fieldsOf } from "../../core/model/schema.ts";
import type { Credential } from "../../core/ports/issuer.ts";
import { mysqlIssuer } from "./mysql.ts";

const VARIABLE = "MYSQL_ADMIN_URL";
/** Every character that quoting can get wrong. */
const HOSTILE = [`a"b'c\\'; DROP USER x --`, "ü%41/?#@`: :x"] as const;

describe.skipIf(!toolAvailable("mariadb"))("mysql", () => {
  let server: MariaDbServer;
  beforeAll(async () => {
    server = await startMariaDb();
    // The page's own statements without the application's, since the rights it asks for must be enough.
    const page = (await readPages()).find(({ path }) => path === "docs/issuers/mysql.md");
    const sql =
      page === undefined
        ? ""
        : (blocksOf(page).find(({ language }) => language === "sql")?.content ?? "");
    const statements = sql.split(";").map((statement) => statement.trim());
    for (const statement of statements.filter((text) => /token_automation|rotator/.test(text))) {
      await server.query(statement.replace("'…'", "'rotators'"));
    }
    await server.query("CREATE USER lacking@'%' IDENTIFIED BY 'canary-lacking'");
    await server.query("GRANT SELECT, INSERT, DELETE ON token_automation.passwords TO lacking@'%'");
  });
  afterAll(() => server?.close());

  const fresh = async (...users: readonly string[]) => {
    await server.query("DELETE FROM token_automation.passwords");
    for (const user of users) {
      await server.query("DROP USER IF EXISTS ?@'%'", [user]);
      await server.query("CREATE USER ?@'%' ACCOUNT LOCK", [user]);
    }
  };
  const open = (users: readonly string[], url = server.url("rotator", "rotators"), more = {}) =>
    mysqlIssuer({
      admin: { url: new Secret(url), variable: VARIABLE },
      users,
      accountHost: "%",
      ...more,
    });
  const accepts = async ({ fields }: Pick<Credential, "fields">) =>
    (await server.logIn(fields.username?.reveal() ?? "", fields.value?.reveal() ?? "")) === true;
  const marks = () =>
    server.query("SELECT account, label FROM token_automation.passwords ORDER BY account");

  const contract = async (...users: readonly string[]) => {
    await fresh(...users);
    return {
      issuer: open(users),
      accepts,
      canaries: [
        SUPERUSER_PASSWORD,
        encodeURIComponent(SUPERUSER_PASSWORD),
        "canary-wrong",
        "canary-lacking",
      ],
      faults: [
        {
          issuer: open(users, server.url("rotator", "canary-wrong")),
          kind: "denied",
          says: /MYSQL_ADMIN_URL/,
        },
        {
          issuer: open(users, server.url("lacking", "canary-lacking")),
          kind: "denied",
          says: /CREATE USER/,
        },
        {
          issuer: open(users, "mysql://rotator:canary-wrong@127.0.0.1:1"),
          kind: "unchanged",
          says: /ECONNREFUSED/,
        },
        { issuer: open(["not there"]), kind: "misconfigured", says: /no account "not there@%"/ },
      ] as const,
      close: async () => undefined,
    };
  };
  const traits = {
    fields: fieldsOf({ use: "mysql", admin_url_variable: VARIABLE, users: [] }) ?? [],
    unknownRef: `${"0".repeat(32)}:a@%`,
    faults: [
      "a wrong password of the administrator",
      "a privilege that is missing",
      "no server",
      "a user that does not exist",
    ],
  };
  issuerContract("two users", () => contract("a", "b"), { ...traits, live: 2 });
  issuerContract("one user", () => contract("a"), { ...traits, live: 1 });
  issuerContract("names that are hard to quote", () => contract(...HOSTILE), {
    ...traits,
    live: 2,
  });

  test("the server's log has every statement, and no password", async () => {
    await fresh("a", "b");
    const { fields, ref } = await open(["a", "b"]).issue(issueRequest(1));
    await open(["a", "b"]).revoke(ref ?? "");
    const log = await server.log();
    expect(log).toMatch(
      /ALTER USER 'b'@'%' IDENTIFIED VIA mysql_native_password USING '\*[0-9A-F]{40}' ACCOUNT UNLOCK/,
    );
    expect(log).toContain(labelOf(1));
    expect(
      [fields.value, fields.url].filter((value) => log.includes(value?.reveal() ?? "-")),
    ).toEqual([]);
  });

  test("a consumer logs in by the URL, with any names", async () => {
    await fresh(...HOSTILE);
    const { fields } = await open(HOSTILE).issue(
      issueRequest(1, { includeSpecial: true, type: "password", length: 40 }),
    );
    const { username, password } = new URL(fields.url?.reveal() ?? "");
    expect(HOSTILE).toContain(decodeURIComponent(username));
    expect(await server.logIn(decodeURIComponent(username), decodeURIComponent(password))).toBe(
      true,
    );
  });

  test("a refused change leaves no mark, and the old mark stays", async () => {
    await fresh("a", "b");
    const issuer = open(["a", "b"]);
    const first = await issuer.issue(issueRequest(1));
    await issuer.issue(issueRequest(2, { current: first.ref }));
    const before = await marks();
    const lacking = open(["a", "b"], server.url("lacking", "canary-lacking"));
    expect(await failureOf(lacking.issue(issueRequest(3, { current: first.ref })))).toMatchObject({
      code: "privilege-missing",
    });
    expect(await marks()).toEqual(before);
    await fresh("a", "b");
    await failureOf(lacking.issue(issueRequest(1)));
    expect(await marks()).toEqual([]);
  });

  test("a user's own password from before is not touched while another user is there", async () => {
    await fresh("b");
    await server.query("DROP USER IF EXISTS a@'%'");
    await server.query("CREATE USER a@'%' IDENTIFIED BY 'in use today'");
    await open(["a", "b"]).issue(issueRequest(1));
    expect(await server.logIn("a", "in use today")).toBe(true);
  });

  test("refuses to touch a password that is in use or not revoked yet, and the administrator's own", async () => {
    await fresh("a", "b");
    const issuer = open(["a", "b"]);
    const first = await issuer.issue(issueRequest(1));
    const second = await issuer.issue(issueRequest(2, { current: first.ref }));
    const error = await failureOf(
      issuer.issue(issueRequest(3, { current: second.ref, retiring: [first.ref ?? ""] })),
    );
    expect(error).toMatchObject({ kind: "unchanged", code: "slots-full" });
    expect([await accepts(first), await accepts(second)]).toEqual([true, true]);
    expect(await failureOf(open(["rotator"]).issue(issueRequest(1)))).toMatchObject({
      code: "user-is-admin",
    });
  });

  test("unlocking an account by hand brings no old password back", async () => {
    await fresh("a");
    const credential = await open(["a"]).issue(issueRequest(1));
    await open(["a"]).revoke(credential.ref ?? "");
    await server.query("ALTER USER a@'%' ACCOUNT UNLOCK");
    expect(await accepts(credential)).toBe(false);
  });

  test("the message says why a login failed: a database, a server that is gone, missing TLS", async () => {
    await fresh("a", "b");
    const issued = await open(["a", "b"]).issue(issueRequest(1));
    const check = (more: object, url?: string) =>
      open(["a", "b"], url, more).check(issued, AbortSignal.timeout(240_000));
    expect(await check({ database: "elsewhere" })).toEqual({
      verdict: "refused",
      detail: expect.stringMatching(/1044|1049/),
    });
    expect(await check({ port: 1 })).toEqual({
      verdict: "unknown",
      detail: expect.stringContaining("ECONNREFUSED"),
    });
    expect(await check({}, `${server.url()}?ssl-mode=VERIFY_IDENTITY`)).toMatchObject({
      verdict: "unknown",
    });
    const wrong = await failureOf(
      open(["a"], `${server.url()}?ssl-mode=SOMETIMES`).issue(issueRequest(9)),
    );
    expect(wrong).toMatchObject({ kind: "misconfigured", code: "admin-url-invalid" });
  });

  test("a server that never answers is waited for no longer than the run may wait", () =>
    expectBoundedWait((port) => open(["a"], `mysql://rotator:c4nary@127.0.0.1:${port}/`)));

  describe("in the whole program", () => {
    const declared = (more: object = {}) => ({
      use: "mysql",
      admin_url_variable: VARIABLE,
      users: ["a", "b"],
      ...more,
    });
    const logIn = (url: string) => logInAt(server, url);

    test("a consumer that logs in again and again through a hundred rotations never fails", {
      timeout: 300_000,
    }, async () => {
      await fresh("a", "b");
      const rotation = await startRotation(declared(), {
        [VARIABLE]: server.url("rotator", "rotators"),
      });
      try {
        await expectHundredRotations(rotation, logIn);
      } finally {
        await rotation.close();
      }
    });

    test.each([
      ["the mark was written", /REPLACE INTO/],
      ["the account was changed", /ALTER USER/],
    ])(
      "a connection cut while %s: uncertain, and the next run ends what it left",
      async (_what, statement) => {
        await fresh("a", "b");
        const proxy = await startCuttingProxy(server.port);
        const admin = server
          .url("rotator", "rotators")
          .replace(`:${server.port}/`, `:${proxy.port}/`);
        const rotation = await startRotation(declared({ port: server.port }), {
          [VARIABLE]: admin,
        });
        try {
          await expectCutMended(rotation, {
            proxy,
            after: statement,
            marks,
            mark: "DATABASE/g2",
            logIn,
          });
        } finally {
          await rotation.close();
          await proxy.close();
        }
      },
    );
  });
});
