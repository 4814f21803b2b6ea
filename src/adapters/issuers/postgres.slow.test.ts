// The issuer of PostgreSQL passwords, against a real server.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startCuttingProxy } from "../../../test/cutting-proxy.ts";
import {
  expectBoundedWait,
  expectCutMended,
  expectHundredRotations,
  logInAt,
} from "../../../test/database-promises.ts";
import { issuerContract } from "../../../test/issuer-contract.ts";
import { expectNothingShown, failureOf, issueRequest, labelOf } from "../../../test/issuing.ts";
import {
  type PostgresServer,
  SUPERUSER_PASSWORD,
  startPostgres,
} from "../../../test/postgres-server.ts";
import { toolAvailable } from "../../../test/require-tool.ts";
import { startRotation } from "../../../test/service-rotation.ts";
import { Secret } from "../../core/base/secret.ts";
import { fieldsOf } from "../../core/model/schema.ts";
import { postgresIssuer } from "./postgres.ts";

const VARIABLE = "PG_ADMIN_URL";
/** Every character that quoting can get wrong, within PostgreSQL's 63 bytes. */
const HOSTILE = [`a"b'c\\d; DROP ROLE x --`, "ü%41/?#@: $1 :x"] as const;

describe.skipIf(!toolAvailable("postgres"))("postgres", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
    await server.query("CREATE ROLE rotator LOGIN CREATEROLE PASSWORD 'rotators'");
    await server.query("CREATE ROLE nobody_special LOGIN PASSWORD 'canary-special'");
  });
  afterAll(() => server?.close());

  const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
  const fresh = async (...users: readonly string[]) => {
    for (const user of users) {
      await server.query(`DROP ROLE IF EXISTS ${quoted(user)}`);
      await server.query(`CREATE ROLE ${quoted(user)} NOLOGIN`);
    }
  };
  const open = (users: readonly string[], url = server.url("rotator", "rotators"), more = {}) =>
    postgresIssuer({ admin: { url: new Secret(url), variable: VARIABLE }, users, ...more });
  const accepts = async ({ fields }: { fields: Readonly<Record<string, Secret>> }) =>
    (await server.logIn(fields.username?.reveal() ?? "", fields.value?.reveal() ?? "")) === true;

  const contract = async (...users: readonly string[]) => {
    await fresh(...users);
    return {
      issuer: open(users),
      accepts,
      canaries: [
        SUPERUSER_PASSWORD,
        encodeURIComponent(SUPERUSER_PASSWORD),
        "canary-wrong",
        "canary-special",
      ],
      faults: [
        {
          issuer: open(users, server.url("rotator", "canary-wrong")),
          kind: "denied",
          says: /PG_ADMIN_URL/,
        },
        {
          issuer: open(users, server.url("nobody_special", "canary-special")),
          kind: "denied",
          says: /CREATEROLE/,
        },
        {
          issuer: open(users, "postgres://rotator:canary-wrong@127.0.0.1:1/postgres"),
          kind: "unchanged",
          says: /ECONNREFUSED/,
        },
        { issuer: open(["not there"]), kind: "misconfigured", says: /no user "not there"/ },
      ] as const,
      close: async () => undefined,
    };
  };
  const traits = {
    fields: fieldsOf({ use: "postgres", admin_url_variable: VARIABLE, users: [] }) ?? [],
    unknownRef: `${"0".repeat(32)}:a`,
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
    expect(log).toContain(
      `ALTER ROLE "${fields.username?.reveal()}" WITH LOGIN PASSWORD 'SCRAM-SHA-256$4096:`,
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

  test("what people wrote beside a role stays", async () => {
    await fresh("a", "b");
    await server.query("COMMENT ON ROLE a IS 'owned by the billing team'");
    const comment = async () =>
      (await server.query("SELECT shobj_description('a'::regrole, 'pg_authid') AS text"))[0]?.text;
    const { ref } = await open(["a", "b"]).issue(issueRequest(1));
    expect(await comment()).toMatch(
      /^owned by the billing team\n\[token-automation [0-9a-f]{32} acme\/widgets\/DATABASE\/g1\]$/,
    );
    await open(["a", "b"]).revoke(ref ?? "");
    expect(await comment()).toBe("owned by the billing team");
  });

  test("a user's own password from before is not touched while another user is there", async () => {
    await fresh("b");
    await server.query("DROP ROLE IF EXISTS a");
    await server.query("CREATE ROLE a LOGIN PASSWORD 'in use today'");
    await open(["a", "b"]).issue(issueRequest(1));
    expect(await server.logIn("a", "in use today")).toBe(true);
  });

  test("refuses to touch a password that is in use or not revoked yet", async () => {
    await fresh("a", "b");
    const issuer = open(["a", "b"]);
    const first = await issuer.issue(issueRequest(1));
    const second = await issuer.issue(issueRequest(2, { current: first.ref }));
    const error = await failureOf(
      issuer.issue(issueRequest(3, { current: second.ref, retiring: [first.ref ?? ""] })),
    );
    expect(error).toMatchObject({ kind: "unchanged", code: "slots-full" });
    expect([await accepts(first), await accepts(second)]).toEqual([true, true]);
  });

  test("the message says why a login failed: the user's own database, a server that is gone", async () => {
    await fresh("a", "b");
    const issued = await open(["a", "b"]).issue(issueRequest(1));
    const check = (more: object) =>
      open(["a", "b"], undefined, more).check(issued, AbortSignal.timeout(240_000));
    expect(await check({ database: "elsewhere" })).toEqual({
      verdict: "refused",
      detail: expect.stringContaining("3D000"),
    });
    expect(await check({ port: 1 })).toEqual({
      verdict: "unknown",
      detail: expect.stringContaining("ECONNREFUSED"),
    });
  });

  test.each([
    ["not a url at all canary", "admin-url-invalid"],
    ["mysql://root:canary@127.0.0.1/db", "admin-url-invalid"],
    ["postgres://root:canary%zz@127.0.0.1/db", "admin-url-invalid"],
    ["postgres://root:canary@127.0.0.1", "database-missing"],
  ])(
    "an administrator's URL that cannot be right is refused before anything is asked",
    async (url, code) => {
      const error = await failureOf(Promise.resolve().then(() => open(["a"], url)));
      expect(error).toMatchObject({ kind: "misconfigured", code, message: expect.any(String) });
      expectNothingShown(error, [url, "canary"]);
    },
  );

  test("a missing file of its TLS options is reported", async () => {
    await fresh("a");
    const url = `${server.url("rotator", "rotators")}?sslmode=verify-full&sslrootcert=/canary/nowhere.pem`;
    const error = await failureOf(open(["a"], url).issue(issueRequest(1)));
    expect(error).toMatchObject({
      kind: "misconfigured",
      code: "admin-url-invalid",
      message: expect.stringMatching(/PG_ADMIN_URL.*ENOENT/),
    });
    expectNothingShown(error, ["canary"]);
  });

  test("a server that never answers is waited for no longer than the run may wait", () =>
    expectBoundedWait((port) =>
      open(["a"], `postgres://rotator:c4nary@127.0.0.1:${port}/postgres`),
    ));

  describe("in the whole program", () => {
    const declared = (more: object = {}) => ({
      use: "postgres",
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
        const { state } = await rotation.record();
        // The one before the last overlaps with it. All others are ended.
        expect(state?.tokens?.DATABASE?.retiring).toHaveLength(1);
      } finally {
        await rotation.close();
      }
    });

    test("a connection cut while the change was committed: uncertain, and the next run ends what it left", async () => {
      await fresh("a", "b");
      const proxy = await startCuttingProxy(server.port);
      const admin = server
        .url("rotator", "rotators")
        .replace(`:${server.port}/`, `:${proxy.port}/`);
      const rotation = await startRotation(declared({ port: server.port }), { [VARIABLE]: admin });
      const marks = () =>
        server.query(
          "SELECT shobj_description(oid, 'pg_authid') AS mark FROM pg_roles WHERE rolname IN ('a', 'b') ORDER BY 1",
        );
      try {
        await expectCutMended(rotation, {
          proxy,
          after: /COMMIT/,
          marks,
          mark: "DATABASE/g2]",
          logIn,
        });
      } finally {
        await rotation.close();
        await proxy.close();
      }
    });

    test("a server that is killed before the change was committed has changed nothing", {
      timeout: 60_000,
    }, async () => {
      const other = await startPostgres();
      const proxy = await startCuttingProxy(other.port);
      try {
        await other.query("CREATE ROLE a NOLOGIN");
        const admin = other.url().replace(`:${other.port}/`, `:${proxy.port}/`);
        proxy.cutAfter(/ALTER ROLE/, () => other.close());
        const error = await failureOf(open(["a"], admin).issue(issueRequest(1)));
        expect(error).toMatchObject({ kind: "unchanged", code: "service-unreachable" });
        expectNothingShown(error, [SUPERUSER_PASSWORD, encodeURIComponent(SUPERUSER_PASSWORD)]);
      } finally {
        await proxy.close();
        await other.close();
      }
    });
  });
});
