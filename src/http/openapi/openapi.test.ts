// The API's description: valid OpenAPI, within the limits of GPT Actions, true to real replies, and without a field for a value.
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ROUTES } from "../../../functions/hosts/routes.ts";
import openapi from "../../../functions/openapi.ts";
import { lintForGptActions } from "../../../test/gpt-actions-lint.ts";
import { TEST_PORT } from "../../../test/http.ts";
import { type LocalHost, localHost } from "../../../test/local-host.ts";
import { hostEdge } from "../access/open-edge.ts";
import { replySchemas } from "../reply/replies.ts";
import { type JsonSchema, replySchema } from "./agent-schemas.ts";
import { openApiDocument } from "./openapi.ts";
import { NOT_FOR_AGENTS, OPERATIONS } from "./operations.ts";

const NOW = new Date("2026-06-01T12:00:00Z");
const ORIGIN = "https://tokens.example";

type Document = JsonSchema & {
  readonly paths: Record<string, Record<string, JsonSchema>>;
  readonly servers: readonly JsonSchema[];
};
const document = openApiDocument(ROUTES, ORIGIN) as Document;

let host: LocalHost;
beforeEach(async () => {
  host = await localHost(NOW);
});
afterEach(() => host.close());

const routeOf = (path: string) => {
  const route = ROUTES.find((each) => each.path === path);
  if (route === undefined) throw new Error(`there is no route ${path}`);
  return route;
};

describe("the document", () => {
  test("is valid OpenAPI 3.1 to a foreign validator", async () => {
    const { Validator } = await import(import.meta.resolve("@seriousme/openapi-schema-validator"));
    const validator = new Validator();
    expect(await validator.validate(structuredClone(document))).toEqual({ valid: true });
    expect(validator.version).toBe("3.1");
    expect(
      (await validator.validate({ ...document, paths: { "/x": { get: { responses: 7 } } } })).valid,
    ).toBe(false);
  });

  test("meets the requirements of GPT Actions", () => {
    expect(lintForGptActions(document)).toEqual([]);
  });

  test("the lint finds each mistake", () => {
    const operation = {
      operationId: "a b",
      summary: "s",
      description: "d".repeat(301),
      responses: {},
    };
    const bad = {
      servers: [{ url: "http://tokens.example" }],
      paths: { "/x": { post: operation }, "/y": { get: { ...operation } } },
    };
    expect(lintForGptActions(bad)).toEqual([
      "the server must be https: http://tokens.example",
      "operationId a b stands there twice",
      "post /x: no operationId",
      "post /x: the description has 301 characters",
      "post /x: x-openai-isConsequential",
      "post /x: no body",
      "get /y: no operationId",
      "get /y: the description has 301 characters",
      "get /y: x-openai-isConsequential",
    ]);
    const field = { type: "object", $ref: "#/nowhere", description: "d".repeat(701) };
    const content = {
      "application/json": { schema: { type: "object", properties: { name: field } } },
    };
    const post = {
      ...operation,
      operationId: "a",
      description: "d",
      "x-openai-isConsequential": true,
      requestBody: { content },
    };
    const place = "/paths/~x/post/requestBody/content/application/json/schema/properties/name";
    expect(lintForGptActions({ servers: [{ url: ORIGIN }], paths: { "~x": { post } } })).toEqual([
      "post ~x: name: the description has 701 characters",
      `${place}: #/nowhere leads nowhere`,
      `${place}: an object without properties`,
      `${place}: a description too long`,
    ]);
  });

  test("describes every route, or says why it does not", () => {
    expect([...Object.keys(OPERATIONS), ...Object.keys(NOT_FOR_AGENTS)].sort()).toEqual(
      ROUTES.map(({ path }) => path).sort(),
    );
    expect(Object.keys(document.paths)).toEqual(
      Object.keys(OPERATIONS).map((path) => path.replace(":id", "{id}")),
    );
  });

  test("has no field that could take or return a value", () => {
    const fields = new Set<string>();
    const collect = (node: unknown): void => {
      if (typeof node !== "object" || node === null) return;
      if ("properties" in node)
        for (const name of Object.keys(Object(node.properties))) fields.add(name);
      for (const value of Object.values(node)) collect(value);
    };
    collect(document);
    expect(fields.size).toBeGreaterThan(60);
    expect(
      [...fields].filter((name) =>
        /^(?:token|new_token|old_token|value|secret|password|credential|key|message)$/.test(name),
      ),
    ).toEqual([
      // An error's field in a report: never a value.
      "message",
    ]);
    const asked = Object.values(document.paths).flatMap((item) =>
      Object.values(item).map((operation) =>
        JSON.stringify(operation.requestBody ?? operation.parameters),
      ),
    );
    expect(asked.filter((text) => /"message"|"new_token"/.test(text))).toEqual([]);
  });

  test("lets no key reveal through it", () => {
    const rotate = JSON.stringify(document.paths["/tokens/rotate"]?.post?.requestBody);
    expect(rotate).toContain('"required":["token_name","reveal"]');
    expect(rotate).toContain('"type":"boolean","enum":[false]}');
  });

  test("requires `limit` in each operation that has one", () => {
    const rotate = document.paths["/tokens/workflow/run"]?.post;
    expect(JSON.stringify(rotate?.requestBody)).toContain('"required":["workflow_name","limit"]');
    const parameters = document.paths["/tokens/health"]?.get?.parameters;
    expect(parameters).toMatchObject([
      {
        name: "limit",
        in: "query",
        required: true,
        schema: { type: "integer", minimum: 1, maximum: 500 },
      },
      { name: "cursor", required: false },
    ]);
    expect(document.paths["/tokens/runs/{id}"]?.get?.parameters).toMatchObject([
      { name: "id", in: "path", required: true, schema: { type: "string" } },
      { name: "limit", in: "query", required: true },
    ]);
  });
});

describe("GET /openapi.json", () => {
  const request = (url: string) => new Request(url, { headers: { host: new URL(url).host } });

  test("needs no key, and names the origin of the request", async () => {
    const response = await openapi.answer(
      request("https://tokens.example/openapi.json?again=1"),
      hostEdge({}),
    );
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual(document);
  });

  test("names the address of the environment if it is set", async () => {
    const ask = async (url: string) => {
      const complain = () => undefined;
      const response = await openapi.answer(request("http://10.0.0.7:8080/openapi.json"), {
        ...hostEdge({ TOKEN_AUTOMATION_URL: url }),
        complain,
      });
      return { code: response.status, body: await response.json() };
    };
    expect(await ask("https://proxy.example/api/")).toMatchObject({
      body: { servers: [{ url: "https://proxy.example/api" }] },
    });
    for (const url of ["proxy.example", "ftp://proxy.example", "https://me:pw@proxy.example"]) {
      expect(await ask(url)).toMatchObject({
        code: 500,
        body: {
          code: "environment-invalid",
          detail: expect.stringMatching(/^TOKEN_AUTOMATION_URL/),
        },
      });
    }
  });

  test("on this machine it is refused to pages of other sites", async () => {
    expect(await host.ask(openapi, { headers: { origin: "https://evil.example" } })).toMatchObject({
      status: 403,
    });
    expect(await host.ask(openapi)).toMatchObject({
      status: 200,
      body: { servers: [{ url: `http://localhost:${TEST_PORT}` }] },
    });
  });
});

test("real replies match the description, field by field", async () => {
  const ajv = new Ajv2020({ strict: true, allErrors: true, validateFormats: false });
  const exact = Object.fromEntries(
    Object.entries(replySchemas({ hashes: true })).map(([path, reply]) => [
      path,
      replySchema(reply, true),
    ]),
  );
  const seen = new Set<string>();
  const check = async (path: string, asked: Parameters<LocalHost["ask"]>[1] = {}) => {
    const { status, body } = await host.ask(routeOf(path), asked);
    const told = { path, status, body: path === "/tokens/rotate" ? withoutValue(body) : body };
    const valid = ajv.validate(exact[path] ?? false, told.body);
    expect({ ...told, errors: valid ? [] : ajv.errors }).toEqual({ ...told, errors: [] });
    expect(Math.floor(status / 100)).toBe(2);
    // The published schema allows more members, and is the same otherwise.
    const [operation] = Object.values(document.paths[path] ?? {});
    const [response] = Object.entries(Object(operation?.responses));
    expect(response?.[0]).toBe(String(status));
    expect(ajv.validate(Object(response?.[1]).content["application/json"].schema, told.body)).toBe(
      true,
    );
    seen.add(path);
  };
  for (const path of [
    "/tokens/health",
    "/tokens/suggest",
    "/tokens/status",
    "/tokens/discover",
    "/git/commit",
  ])
    await check(path);
  await check("/tokens/rotate", { json: { token_name: "API_KEY", dry_run: true } });
  await check("/tokens/rotate", { json: { token_name: "API_KEY" } });
  await check("/tokens/rotate", { json: { token_name: "API_KEY" } });
  await check("/tokens/setup-rotation", { json: { token_name: "OTHER", interval_hours: 24 } });
  await check("/tokens/workflow/create", {
    json: { workflow_name: "nightly", tokens: ["ALL_TOKENS"], schedule: "@daily", limit: 1 },
  });
  await check("/tokens/workflow/run", {
    json: { workflow_name: "nightly", dry_run: true, limit: 1 },
  });
  await check("/tokens/workflow/run", { json: { workflow_name: "nightly" } });
  const changes = [
    { operation: "rotate", token_name: "API_KEY" },
    { operation: "setup_rotation", token_name: "OTHER", interval_hours: 12 },
    {
      operation: "create_workflow",
      workflow_name: "weekly",
      tokens: ["OTHER"],
      schedule: "@weekly",
    },
  ];
  for (const change of changes) {
    await check("/tokens/plan", { json: change });
    const { body } = await host.ask(routeOf("/tokens/plan"), { json: change });
    await check("/tokens/apply", { json: { ...change, digest: Object(body).digest } });
  }
  for (const later of [0, 20, 50]) {
    host.setNow(new Date(NOW.getTime() + later * 86_400_000));
    for (const path of ["/tokens/health", "/tokens/suggest", "/tokens/discover"])
      await check(path, { query: "?limit=1" });
    await check("/tokens/status", { query: "?limit=1&history=2" });
  }
  // A service on this machine starts no workflow. dispatch.test.ts follows a run, and holds that reply against its description.
  expect([...seen, "/tokens/runs/:id"].sort()).toEqual(Object.keys(OPERATIONS).sort());
});

/** The reply for a caller without `reveal`, since `serve` on this machine reveals. */
function withoutValue(body: unknown): unknown {
  const { new_token: _value, ...rest } = Object(body);
  return rest;
}
