// The API on the hosts that it can be deployed to, each on its real runtime, if that runs here.
import { readFile } from "node:fs/promises";
import { afterEach, describe, expect, test, vi } from "vitest";
import { parse } from "yaml";
import { startServer } from "../../functions/hosts/node.ts";
import { ROUTES } from "../../functions/hosts/routes.ts";
import { HOST_BUNDLES } from "../../scripts/host-bundles.ts";
import {
  lambdaEvent,
  type RunningLambda,
  startLambda,
  startVercel,
} from "../../test/hosts/bundled.ts";
import {
  forwardTo,
  hostContract,
  hostEnvironment,
  type RunningHost,
  requestTo,
  type StartHost,
  startRecord,
} from "../../test/hosts/contract.ts";
import { startDeno } from "../../test/hosts/deno.ts";
import { openWorkers } from "../../test/hosts/miniflare.ts";
import { readWrangler, startWorkers } from "../../test/hosts/workers.ts";
import { ROOT } from "../../test/pages.ts";
import { toolAvailable } from "../../test/require-tool.ts";
import { chosen } from "../../test/sample.ts";
import { rotationWorkflow, WORKFLOW_PATH } from "../cli/commands/starter.ts";
import { readApiKeys, readHostPlace, readWorkflowTrust } from "./access/environment.ts";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function started<Host extends RunningHost>(
  start: (environment: Record<string, string>) => Promise<Host>,
  more = {},
) {
  const github = await startRecord();
  closing.push(() => github.close());
  const host = await start({ ...hostEnvironment(github), ...more });
  closing.push(host.close);
  return { github, host };
}

const onNode: StartHost = async (environment) => {
  const callers = { apiKeys: readApiKeys(environment), workflows: readWorkflowTrust(environment) };
  const given = { compose: readHostPlace(environment), ...callers, complain: () => undefined };
  const server = await startServer({ ...given, host: "0.0.0.0", port: 0 });
  return { fetch: forwardTo(`http://127.0.0.1:${server.port}`), close: server.close };
};
/** Netlify's runtime gives each function of functions/ the web's Request, by the path in its `config`; other paths never reach one. */
const netlify: StartHost = async (environment) => {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  return {
    async fetch(request) {
      const { pathname } = new URL(request.url);
      const route = ROUTES.find(({ path }) =>
        new URLPattern({ pathname: path }).test({ pathname }),
      );
      return route === undefined ? new Response("Not Found", { status: 404 }) : route(request, {});
    },
    close: async () => void vi.unstubAllEnvs(),
  };
};

/** Runtimes that the folder of tools holds. */
const OTHERS: readonly (readonly [string, StartHost])[] = toolAvailable("hosts")
  ? [
      ["Cloudflare Workers (workerd)", (environment) => startWorkers(environment)],
      ["Deno", startDeno],
    ]
  : [];
const HOSTS: readonly (readonly [string, StartHost, { everyPath: boolean }?])[] = [
  ["Node.js", onNode],
  ...OTHERS,
  ["AWS Lambda, bodies as text", (environment) => startLambda(environment)],
  ["AWS Lambda, bodies in base64", (environment) => startLambda(environment, true)],
  ["Vercel", startVercel],
  ["functions called by their path, as Netlify does", netlify, { everyPath: false }],
];
for (const host of chosen(HOSTS)) hostContract(...host);

describe("with no mode set", () => {
  const READER = `ghs_${"Reader".repeat(6)}`;
  const RUNTIMES: readonly (readonly [string, StartHost])[] = [
    ...OTHERS,
    ["AWS Lambda", (environment) => startLambda(environment)],
    ["Vercel", startVercel],
    ["functions called by their path", netlify],
  ];

  test.each(chosen(RUNTIMES))(
    "%s reads, starts the workflow and writes nothing; and shows its copy while GitHub is down",
    async (_, start) => {
      const { github, host } = await started(start, {
        TOKEN_AUTOMATION_MODE: "",
        TOKEN_AUTOMATION_GITHUB_TOKEN: READER,
      });
      github.addToken({ token: READER, permissions: { contents: "read", actions: "write" } });
      github
        .repository()
        .commit({ [WORKFLOW_PATH]: rotationWorkflow("token_config.json") }, "Rotate by a workflow");
      const head = github.repository().head();
      const json = async (...asked: Parameters<typeof requestTo>) => {
        const response = await host.fetch(requestTo(...asked));
        return {
          status: response.status,
          stale: response.headers.get("x-token-automation-stale"),
          body: await response.json(),
        };
      };
      const answer = await json("/tokens/rotate", {
        method: "POST",
        json: { token_name: "API_KEY" },
      });
      const [run] = github.repository().actions.runs;
      expect(answer).toMatchObject({
        status: 202,
        body: { run: { id: run?.id, url: run?.url }, follow: `/tokens/runs/${run?.id}` },
      });
      expect(await json(`/tokens/runs/${run?.id}`)).toMatchObject({
        status: 200,
        body: { status: "queued", report: null },
      });
      expect([github.repository().secrets(), github.repository().head()]).toEqual([[], head]);
      github.reset();
      expect(await json("/tokens/health")).toMatchObject({ status: 200, stale: null });
      expect(github.requests.map(({ status }) => status)).toEqual([304]);
      github.faults.add({
        match: {},
        times: Number.POSITIVE_INFINITY,
        action: { kind: "status", status: 429, headers: { "retry-after": "60" } },
      });
      const stale = {
        status: 200,
        stale: "rate-limited",
        body: { total_tokens: 2, stale: { reason: "rate-limited" } },
      };
      expect(await json("/tokens/health")).toMatchObject(stale);
    },
  );
});

describe.skipIf(OTHERS.length === 0)("Workers", () => {
  test("a request that seals nothing needs no libsodium", async () => {
    const { host } = await started((environment) => startWorkers(environment, /libsodium/));
    const statuses = [
      await host.fetch(requestTo("/tokens/health")),
      await host.fetch(requestTo("/tokens/status")),
      await host.fetch(requestTo("/tokens/generate", { method: "POST", json: {} })),
      await host.fetch(
        requestTo("/tokens/rotate", { method: "POST", json: { token_name: "API_KEY" } }),
      ),
    ].map(({ status }) => status);
    expect(statuses).toEqual([200, 200, 200, 502]);
  });

  test("here too they refuse to compile WebAssembly, so the sealing above compiles none", async () => {
    const compile = "new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0))";
    const script = `export default { fetch() { try { return new Response(String(${compile})); } catch (error) { return new Response(error.message); } } }`;
    const workers = await openWorkers({
      modules: true,
      script,
      compatibilityDate: (await readWrangler()).compatibility_date,
    });
    closing.push(() => workers.dispose());
    expect(await (await fetch(await workers.ready)).text()).toContain(
      "Wasm code generation disallowed",
    );
  });
});

describe("Lambda's events", () => {
  const lambda = async () =>
    (await started<RunningLambda>((environment) => startLambda(environment))).host;

  test("a header's name in any case, cookies, and a query that stays as it was encoded", async () => {
    const { invoke } = await lambda();
    const event = await lambdaEvent(requestTo("/tokens/status?history=0"), false);
    const { authorization, ...headers } = event.headers as Record<string, string>;
    const { statusCode, body } = await invoke({
      ...event,
      cookies: ["a=1", "b=2"],
      headers: { ...headers, Authorization: authorization },
    });
    expect([statusCode, JSON.parse(body).history]).toEqual([200, []]);
    expect((await invoke({ ...event, rawQueryString: "history=%30" })).statusCode).toBe(200);
  });

  test("the reply is text with its type, whatever the status", async () => {
    const { invoke } = await lambda();
    expect(
      await invoke(await lambdaEvent(requestTo("/tokens/health", { key: null }), false)),
    ).toMatchObject({
      statusCode: 401,
      isBase64Encoded: false,
      headers: { "content-type": "application/problem+json", "www-authenticate": "Bearer" },
    });
  });

  test("a REST API of API Gateway (payload 1.0)", async () => {
    const { invoke } = await lambda();
    const { authorization } = Object.fromEntries(requestTo("/").headers);
    const event = {
      httpMethod: "GET",
      path: "/tokens/health",
      headers: { Authorization: authorization, Host: "x.example" },
      body: null,
    };
    const rest = {
      ...event,
      resource: "/{proxy+}",
      isBase64Encoded: false,
      requestContext: { domainName: "x.example", httpMethod: "GET" },
    };
    expect(await invoke(rest)).toMatchObject({ statusCode: 200 });
  });
});

describe("the configuration files of hosts", () => {
  test("name the built files", async () => {
    expect((await readWrangler()).main).toBe(`${HOST_BUNDLES.cloudflare.folder}/index.js`);
    const customTags = [
      { tag: "!Ref", resolve: String },
      { tag: "!GetAtt", resolve: String },
    ];
    const template = parse(await readFile(`${ROOT}template.yaml`, "utf8"), { customTags });
    expect(template.Resources.Api.Properties).toMatchObject({
      CodeUri: HOST_BUNDLES.lambda.folder,
      Handler: "index.handler",
    });
    // A person who deploys with keys or with workflows, in either mode, changes nothing in the file.
    const asked = template.Resources.Api.Properties.Environment.Variables;
    expect(Object.keys(asked).sort()).toEqual(
      ["API_KEYS", "GITHUB_TOKEN", "MODE", "OIDC", "REPOSITORY"].map(
        (name) => `TOKEN_AUTOMATION_${name}`,
      ),
    );
    expect(Object.values(asked).sort()).toEqual(Object.keys(template.Parameters).sort());
    const { buildCommand } = JSON.parse(await readFile(`${ROOT}vercel.json`, "utf8"));
    expect([HOST_BUNDLES.vercel.folder, buildCommand]).toEqual([
      ".vercel/output",
      "npm run build -- --vercel",
    ]);
    const { deploy } = JSON.parse(await readFile(`${ROOT}deno.json`, "utf8"));
    expect(await readFile(`${ROOT}${deploy.runtime.entrypoint}`, "utf8")).toContain(
      "export default",
    );
  });
});
