// Every bad request that we could think of: a clear problem+json, nothing written, and no value repeated.
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import generate from "../../functions/generate.ts";
import gitCommit from "../../functions/git-commit.ts";
import health from "../../functions/health.ts";
import { ROUTES } from "../../functions/hosts/routes.ts";
import rotate from "../../functions/rotate.ts";
import setupRotation from "../../functions/setup-rotation.ts";
import status from "../../functions/status.ts";
import workflowCreate from "../../functions/workflow-create.ts";
import workflowRun from "../../functions/workflow-run.ts";
import { type Asked, caller, TEST_PORT } from "../../test/http.ts";
import { compose } from "../compose/compose.ts";
import type { Endpoint } from "./endpoint.ts";
import { MAX_BODY_BYTES } from "./input/body.ts";

/** A stand-in for a value. No answer and no log may hold it. */
const CANARY = `ghp_${"cAnArY9".repeat(5)}`;
const JSON_TYPE = { "content-type": "application/json" };
const WORKFLOW = { workflow_name: "daily", tokens: ["A"], schedule: "0 2 * * *" };

let directory: string;
let local: ReturnType<typeof caller>;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "token-automation-"));
  const place = { kind: "local", directory, access: null, vaultKey: null } as const;
  local = caller({
    access: { kind: "loopback", port: TEST_PORT },
    app: () =>
      compose({
        place,
        configPath: "token_config.json",
        fingerprintKey: null,
        whenMissing: "empty",
      }),
    fingerprintKey: () => null,
    now: () => new Date("2026-06-01T12:00:00Z"),
    newReference: () => "reference-1",
  });
});
afterAll(() => rm(directory, { recursive: true }));

/** Name, route, request, status, code, and the pointers of all mistakes. */
type Case = readonly [
  what: string,
  route: Endpoint,
  asked: Asked,
  status: number,
  code: string,
  pointers?: readonly string[],
];

const CASES: readonly Case[] = [
  [
    "no JSON",
    rotate,
    { raw: `{"new_token": "${CANARY}"`, headers: JSON_TYPE },
    400,
    "body-not-json",
  ],
  ["a value alone", rotate, { raw: CANARY, headers: JSON_TYPE }, 400, "body-not-json"],
  [
    "no UTF-8",
    rotate,
    { raw: new Uint8Array([0x22, 0xff, 0xfe, 0x22]), headers: JSON_TYPE },
    400,
    "body-not-json",
  ],
  ["a list", rotate, { json: [CANARY] }, 400, "field-type", [""]],
  ["a string", rotate, { json: CANARY }, 400, "field-type", [""]],
  ["null", rotate, { json: null }, 400, "field-type", [""]],
  ["no body where fields are needed", rotate, {}, 400, "field-missing", ["/token_name"]],
  [
    "a form",
    rotate,
    {
      raw: `token_name=${CANARY}`,
      headers: { "content-type": "application/x-www-form-urlencoded" },
    },
    415,
    "content-type",
  ],
  [
    "JSON as text",
    rotate,
    { raw: '{"token_name": "A"}', headers: { "content-type": "text/plain" } },
    415,
    "content-type",
  ],
  [
    "JSON as a list of types",
    rotate,
    { raw: "{}", headers: { "content-type": "text/plain, application/json" } },
    415,
    "content-type",
  ],
  [
    "an empty form",
    gitCommit,
    { headers: { "content-type": "application/x-www-form-urlencoded" } },
    415,
    "content-type",
  ],
  [
    "JSON without its type",
    rotate,
    { raw: Buffer.from('{"token_name": "A"}') },
    415,
    "content-type",
  ],
  [
    "an unknown field",
    rotate,
    { json: { token_name: "A", newtoken: CANARY } },
    400,
    "field-unknown",
    ["/newtoken"],
  ],
  [
    "a value as a field",
    rotate,
    { json: { token_name: "A", [CANARY]: 1 } },
    400,
    "field-unknown",
    ["/…"],
  ],
  [
    "__proto__",
    rotate,
    { raw: '{"token_name": "A", "__proto__": {"new_token": "x"}}', headers: JSON_TYPE },
    400,
    "field-unknown",
    ["/__proto__"],
  ],
  [
    "a field twice",
    rotate,
    { raw: '{"token_name": "A", "dry_run": true, "dry_run": false}', headers: JSON_TYPE },
    400,
    "field-twice",
  ],
  [
    "a field twice, spelled otherwise",
    rotate,
    { raw: '{"token_name": "A", "token\\u005fname": "B"}', headers: JSON_TYPE },
    400,
    "field-twice",
  ],
  [
    "all mistakes at once",
    rotate,
    { json: { token_name: 1, dry_run: "yes", x: 1 } },
    400,
    "input-invalid",
    ["/token_name", "/dry_run", "/x"],
  ],

  ["an empty name", rotate, { json: { token_name: "" } }, 400, "field-invalid", ["/token_name"]],
  [
    "a name with dashes",
    rotate,
    { json: { token_name: "API-KEY" } },
    400,
    "field-invalid",
    ["/token_name"],
  ],
  [
    "a name that begins with a digit",
    rotate,
    { json: { token_name: "1KEY" } },
    400,
    "field-invalid",
    ["/token_name"],
  ],
  [
    "a name that is too long",
    rotate,
    { json: { token_name: "A".repeat(256) } },
    400,
    "field-invalid",
    ["/token_name"],
  ],
  [
    "a path as a name",
    rotate,
    { json: { token_name: "../../etc/passwd" } },
    400,
    "field-invalid",
    ["/token_name"],
  ],

  [
    "an empty new_token",
    rotate,
    { json: { token_name: "A", new_token: "" } },
    400,
    "empty-value",
    ["/new_token"],
  ],
  [
    "a trailing newline",
    rotate,
    { json: { token_name: "A", new_token: `${CANARY}\n` } },
    400,
    "trailing-newline",
    ["/new_token"],
  ],
  [
    "a NUL",
    rotate,
    { json: { token_name: "A", new_token: `${CANARY}\0x` } },
    400,
    "nul-in-value",
    ["/new_token"],
  ],
  [
    "half a character",
    rotate,
    { json: { token_name: "A", new_token: `${CANARY}\ud800` } },
    400,
    "malformed-value",
    ["/new_token"],
  ],
  [
    "a value over 48 KB",
    rotate,
    { json: { token_name: "A", new_token: CANARY.repeat(1300) } },
    400,
    "value-too-large",
    ["/new_token"],
  ],
  [
    "a number as new_token",
    rotate,
    { json: { token_name: "A", new_token: 7 } },
    400,
    "field-type",
    ["/new_token"],
  ],
  [
    "null as new_token",
    rotate,
    { json: { token_name: "A", new_token: null } },
    400,
    "field-type",
    ["/new_token"],
  ],
  [
    "a body over the limit",
    rotate,
    { json: { token_name: "A", new_token: CANARY.repeat(2000) } },
    413,
    "body-too-large",
  ],

  ["an unknown type", generate, { json: { type: CANARY } }, 400, "field-invalid", ["/type"]],
  ["length 0", generate, { json: { length: 0 } }, 400, "field-invalid", ["/length"]],
  ["length 10^9", generate, { json: { length: 1e9 } }, 400, "field-invalid", ["/length"]],
  ["half a length", generate, { json: { length: 1.5 } }, 400, "field-type", ["/length"]],
  ["a length in words", generate, { json: { length: "32" } }, 400, "field-type", ["/length"]],
  [
    "a prefix longer than the length",
    generate,
    { json: { length: 8, prefix: "x".repeat(20) } },
    422,
    expect.any(String),
  ],
  [
    "a prefix with a space",
    generate,
    { json: { prefix: "a b" } },
    400,
    "field-invalid",
    ["/prefix"],
  ],
  [
    "a whole token as a prefix",
    generate,
    { json: { type: "github_pat", prefix: CANARY } },
    422,
    expect.any(String),
  ],

  [
    "interval 0",
    setupRotation,
    { json: { token_name: "A", interval_hours: 0 } },
    400,
    "field-invalid",
    ["/interval_hours"],
  ],
  [
    "a negative interval",
    setupRotation,
    { json: { token_name: "A", interval_hours: -24 } },
    400,
    "field-invalid",
    ["/interval_hours"],
  ],
  [
    "an absurd interval",
    setupRotation,
    { json: { token_name: "A", interval_hours: 1e12 } },
    400,
    "field-invalid",
    ["/interval_hours"],
  ],
  [
    "an interval in words",
    setupRotation,
    { json: { token_name: "A", interval_hours: "24" } },
    400,
    "field-type",
    ["/interval_hours"],
  ],
  [
    "no interval",
    setupRotation,
    { json: { token_name: "A" } },
    400,
    "field-missing",
    ["/interval_hours"],
  ],

  [
    "a workflow of nothing",
    workflowCreate,
    { json: { ...WORKFLOW, tokens: [] } },
    400,
    "field-invalid",
    ["/tokens"],
  ],
  [
    "a workflow of numbers",
    workflowCreate,
    { json: { ...WORKFLOW, tokens: ["A", 2] } },
    400,
    "field-type",
    ["/tokens/1"],
  ],
  [
    "a workflow's name with a space",
    workflowCreate,
    { json: { ...WORKFLOW, workflow_name: "a b" } },
    400,
    "field-invalid",
    ["/workflow_name"],
  ],
  [
    "six cron fields",
    workflowCreate,
    { json: { ...WORKFLOW, schedule: "0 0 2 * * *" } },
    422,
    "invalid-schedule",
  ],
  [
    "an impossible date",
    workflowCreate,
    { json: { ...WORKFLOW, schedule: "0 0 30 2 *" } },
    422,
    "invalid-schedule",
  ],
  [
    "no cron at all",
    workflowCreate,
    { json: { ...WORKFLOW, schedule: CANARY } },
    422,
    expect.any(String),
  ],
  [
    "an unknown zone",
    workflowCreate,
    { json: { ...WORKFLOW, timezone: "Mars/Olympus" } },
    422,
    "unknown-timezone",
  ],
  [
    "a value as a workflow's name",
    workflowCreate,
    { json: { ...WORKFLOW, workflow_name: CANARY } },
    422,
    "value-as-name",
  ],
  [
    "an unknown workflow",
    workflowRun,
    { json: { workflow_name: "daily" } },
    404,
    "workflow-missing",
  ],

  ["history in words", status, { query: "?history=all" }, 400, "field-invalid", ["/history"]],
  ["a negative history", status, { query: "?history=-1" }, 400, "field-invalid", ["/history"]],
  ["too much history", status, { query: "?history=1001" }, 400, "field-invalid", ["/history"]],
  ["a query field twice", status, { query: "?history=1&history=2" }, 400, "field-twice"],
  ["an unknown query field", status, { query: "?histroy=5" }, 400, "field-unknown", ["/histroy"]],
  ["a query where none is known", health, { query: `?${CANARY}=1` }, 400, "field-unknown", ["/…"]],
];

describe("bad requests", () => {
  for (const [what, route, asked, expectedStatus, code, pointers] of CASES)
    test(what, async () => {
      const { status: found, headers, body } = await local.ask(route, asked);
      expect({ found, headers, body }).toMatchObject({
        found: expectedStatus,
        headers: {
          "content-type": "application/problem+json",
          "cache-control": "no-store",
          "x-content-type-options": "nosniff",
        },
        body: {
          type: "about:blank",
          title: expect.any(String),
          status: expectedStatus,
          detail: expect.stringMatching(/./),
          code,
        },
      });
      if (pointers !== undefined)
        expect(body).toMatchObject({ problems: pointers.map((pointer) => ({ pointer })) });
    });

  test.each(ROUTES.map((route) => [route.method, route.path, route] as const))(
    "the wrong method for %s %s",
    async (method, _path, route) => {
      const allow = method === "GET" ? "GET, HEAD" : "POST";
      for (const wrong of ["PUT", "DELETE", "PATCH", method === "GET" ? "POST" : "GET"]) {
        const { status: found, headers, body } = await local.ask(route, { method: wrong });
        expect({ found, allow: headers.allow, body }).toMatchObject({
          found: 405,
          allow,
          body: { code: "method-not-allowed" },
        });
      }
    },
  );

  test("a body without an end is read no further than the limit", async () => {
    let sent = 0;
    let cancelled = false;
    const raw = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 1024;
        controller.enqueue(new Uint8Array(1024).fill(0x20));
      },
      cancel() {
        cancelled = true;
      },
    });
    const answer = await local.ask(rotate, {
      raw,
      headers: { ...JSON_TYPE, "content-length": "2" },
    });
    expect({ answer, cancelled }).toMatchObject({
      answer: { status: 413, body: { code: "body-too-large" } },
      cancelled: true,
    });
    expect(sent).toBeLessThan(MAX_BODY_BYTES + 4096);
  });

  test("a misspelt field is answered with the name that was probably meant", async () => {
    const { body } = await local.ask(setupRotation, {
      json: { token_name: "A", interval_hour: 24 },
    });
    expect(body).toEqual({
      type: "about:blank",
      title: "Bad Request",
      status: 400,
      detail:
        '/interval_hours: this field is required; /interval_hour: there is no field "interval_hour"',
      code: "input-invalid",
      nearest: "interval_hours",
      problems: [
        {
          code: "field-missing",
          pointer: "/interval_hours",
          position: null,
          message: "this field is required",
          hint: null,
        },
        {
          code: "field-unknown",
          pointer: "/interval_hour",
          position: null,
          message: 'there is no field "interval_hour"',
          hint: "Did you mean interval_hours?",
        },
      ],
    });
  });
});

// Last, since it judges every answer above.
test("nothing was written, and no value was repeated", async () => {
  expect(await readdir(directory)).toEqual([]);
  expect(local.said.join("\n")).not.toMatch(/cAnArY9/);
  expect(local.said.length).toBeGreaterThan(CASES.length);
});
