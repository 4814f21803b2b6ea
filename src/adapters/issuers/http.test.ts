import { readFile } from "node:fs/promises";
import { afterEach, describe, expect, test } from "vitest";
import { issuerContract } from "../../../test/issuer-contract.ts";
import { expectNothingShown, failureOf, issueRequest, labelOf } from "../../../test/issuing.ts";
import { type KeyService, type ServiceFault, startKeyService } from "../../../test/key-service.ts";
import { blocksOf } from "../../../test/pages.ts";
import { PROVIDERS, startProvider } from "../../../test/provider-services.ts";
import { startRotation } from "../../../test/service-rotation.ts";
import { openIssuer } from "../../compose/issuers.ts";
import { parseConfig } from "../../core/config/parse.ts";
import type { IssuerDeclaration } from "../../core/model/schema.ts";
import type { Issuer } from "../../core/ports/issuer.ts";
import { memoryStore } from "../stores/memory.ts";

type Http = Extract<IssuerDeclaration, { use: "http" }>;

const ADMIN = "canary-admin-0c1d2e";
const services: KeyService[] = [];
afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.close()));
});

function declared(url: string, more: Partial<Http> = {}): Http {
  const headers = ["Authorization: Bearer ${env.ADMIN}"];
  return {
    use: "http",
    issue: {
      url: `${url}/keys?for=\${token_name}`,
      headers,
      json: { name: "${label}", after: ["${current}"] },
      fields: { value: "/key/secret" },
      ref: "/key/id",
      expires_at: "/key/expires_at",
    },
    check: { url: `${url}/me`, headers: ["Authorization: Bearer ${fields.value}"] },
    revoke: { url: `${url}/keys/\${ref}`, headers },
    find: { url: `${url}/keys`, headers, list: "/keys", label: "/name", ref: "/id" },
    ...more,
  };
}

function open(
  declaration: IssuerDeclaration,
  variables: Record<string, string> = { ADMIN },
): Promise<Issuer> {
  return openIssuer(declaration, {
    home: { kind: "github", repository: "acme/widgets" },
    variables,
    client: () => Promise.reject(new Error("no GitHub here")),
    clock: () => new Date("2026-03-01T00:00:00Z"),
    programs: null,
    store: memoryStore(),
  });
}

async function start(...faults: ServiceFault[]) {
  const service = await startKeyService(ADMIN);
  services.push(service);
  service.faults.push(...faults);
  return service;
}

issuerContract(
  "http",
  async () => {
    const service = await startKeyService(ADMIN);
    return {
      issuer: await open(declared(service.url)),
      accepts: async ({ fields }) => service.accepts(fields.value?.reveal()),
      faults: [
        {
          issuer: await open(declared(service.url), { ADMIN: "canary-wrong" }),
          kind: "denied",
          says: /403.*right/,
        },
      ],
      canaries: [ADMIN, "canary-wrong"],
      close: () => service.close(),
    };
  },
  {
    fields: ["value"],
    live: "many",
    unknownRef: "key-000000000000",
    faults: ["an administrator's key that is refused"],
  },
);

describe("docs/issuers/http.md", () => {
  const documented = async () => {
    const text = await readFile(new URL("../../../docs/issuers/http.md", import.meta.url), "utf8");
    return blocksOf({ path: "", text }).flatMap(({ language, content }) =>
      language === "json" ? [JSON.parse(content).tokens] : [],
    );
  };

  test("describes every provider that is tested", async () => {
    expect((await documented()).flatMap((tokens) => Object.keys(tokens))).toEqual(
      Object.keys(PROVIDERS),
    );
  });

  for (const [name, provider] of Object.entries(PROVIDERS)) {
    issuerContract(
      `http, ${name} as documented`,
      async () => {
        const service = await startProvider(provider);
        const tokens = (await documented()).find((one) => name in one);
        const text = JSON.stringify(tokens[name].issuer).replaceAll(
          /https:\/\/(?:api|registry)\.[a-z.]+/g,
          service.url,
        );
        const names = [...text.matchAll(/\$\{env\.(\w+)\}/g)].map(([, variable = ""]) => variable);
        const variables = Object.fromEntries(
          names.map((variable) => [variable, `canary-${variable}`]),
        );
        return {
          issuer: await open(JSON.parse(text), variables),
          accepts: async ({ fields }) => service.accepts(fields.value?.reveal()),
          canaries: Object.values(variables),
          close: () => service.close(),
        };
      },
      { fields: ["value"], live: "many", unknownRef: "0123456789abcdef" },
    );
  }
});

describe("what is sent", () => {
  test("has the placeholders filled: in URLs percent-encoded, in headers and bodies as they are", async () => {
    const service = await start();
    const issuer = await open(declared(service.url));
    const credential = await issuer.issue(issueRequest(1, { current: "key-7", tokenName: "A&B" }));
    expect(service.requests[0]).toMatchObject({
      line: "POST /keys?for=A%26B",
      headers: {
        authorization: `Bearer ${ADMIN}`,
        "content-type": "application/json",
        accept: "application/json",
      },
      body: JSON.stringify({ name: labelOf(1), after: ["key-7"] }),
    });
    expect(credential.expiresAt).toBe("2027-03-01T00:00:00Z");
    await issuer.revoke("a/b?c#d");
    expect(service.requests[1]?.line).toBe("DELETE /keys/a%2Fb%3Fc%23d");
    for (const dots of ["..", ".", ""])
      expect(await failureOf(issuer.revoke(dots))).toMatchObject({ kind: "misconfigured" });
    expect(service.requests).toHaveLength(2);
  });

  test("can be a form", async () => {
    const service = await start({ match: /./, status: 400 });
    const { json: _, ...issue } = declared(service.url).issue;
    const issuer = await open(
      declared(service.url, {
        issue: { ...issue, form: { name: "${label}", key: "${env.ADMIN}" } },
      }),
    );
    await failureOf(issuer.issue(issueRequest(1)));
    expect(service.requests[0]?.headers["content-type"]).toBe("application/x-www-form-urlencoded");
    expect(service.requests[0]?.body).toBe(`name=acme%2Fwidgets%2FDATABASE%2Fg1&key=${ADMIN}`);
  });

  test("never goes where a redirect leads", async () => {
    const elsewhere = await start();
    const service = await start({
      match: /./,
      status: 307,
      headers: { location: `${elsewhere.url}/keys` },
    });
    const issuer = await open(declared(service.url));
    expect(await failureOf(issuer.issue(issueRequest(1)))).toMatchObject({ kind: "uncertain" });
    expect(await failureOf(issuer.find(labelOf(1)))).toMatchObject({ kind: "unchanged" });
    expect(elsewhere.requests).toEqual([]);
  });

  test("is nothing if a variable is missing, or cannot stand in a header", async () => {
    const service = await start();
    expect(await failureOf(open(declared(service.url), {}))).toMatchObject({
      code: "variable-missing",
    });
    const broken = await failureOf(
      (await open(declared(service.url), { ADMIN: "canary\nX-Other: 1" })).issue(issueRequest(1)),
    );
    expect(broken).toMatchObject({ kind: "misconfigured", code: "http-request" });
    expectNothingShown(broken, ["canary"]);
    expect(service.requests).toEqual([]);
  });
});

describe("an answer", () => {
  test.each<[string, Omit<ServiceFault, "match">, string, string]>([
    ["401", { status: 401 }, "denied", "http-denied"],
    ["403", { status: 403 }, "denied", "http-denied"],
    ["422", { status: 422 }, "unchanged", "http-refused"],
    ["429", { status: 429, headers: { "retry-after": "60" } }, "unchanged", "http-rate-limited"],
    ["500 once it has acted", { status: 500, acts: true }, "uncertain", "http-uncertain"],
    ["408", { status: 408 }, "uncertain", "http-uncertain"],
    ["a cut connection", { ends: "cut", acts: true }, "uncertain", "http-uncertain"],
    ["no answer", { ends: "hang", acts: true }, "uncertain", "http-uncertain"],
    ["no JSON", { status: 201, body: "<html>canary</html>" }, "uncertain", "http-uncertain"],
    ["too much", { status: 201, body: "x".repeat(1_100_000) }, "uncertain", "http-uncertain"],
    ["no value", { status: 201, body: '{"key":{"id":"a"}}' }, "uncertain", "http-uncertain"],
    ["no ref", { status: 201, body: '{"key":{"secret":"canary"}}' }, "uncertain", "http-uncertain"],
    [
      "the value as its ref",
      { status: 201, body: '{"key":{"secret":"canary","id":"id-canary"}}' },
      "uncertain",
      "http-uncertain",
    ],
  ])("to issue: %s", async (_, fault, kind, code) => {
    const service = await start({ match: /^POST/, ...fault });
    const error = await failureOf(
      (await open(declared(service.url, { timeout_seconds: 1 }))).issue(issueRequest(1)),
    );
    expect({ kind: error.kind, code: error.code }).toEqual({ kind, code });
    expect(error.message).toMatch(/^the issuer's POST to 127\.0\.0\.1:\d+/);
    expect(error.message).not.toContain("/keys");
    expectNothingShown(error, ["canary", ADMIN]);
    if (fault.status === 429)
      expect(error).toMatchObject({ retryAt: new Date("2026-03-01T00:01:00Z") });
  });

  test("to come back later is obeyed by the next runs", async () => {
    const service = await start({
      match: /^POST/,
      status: 429,
      headers: { "retry-after": "7200" },
      times: 1,
    });
    const { fields, ...issue } = declared(service.url).issue;
    const both = { ...issue, fields: { ...fields, url: "/key/secret" } };
    const rotation = await startRotation(declared(service.url, { issue: both }), { ADMIN });
    try {
      expect(await rotation.run(0)).toMatchObject({
        tokens: [{ error: { code: "http-rate-limited" } }],
      });
      expect((await rotation.run(1.9)).rotated).toEqual([]);
      expect(service.requests.filter(({ line }) => line.startsWith("POST"))).toHaveLength(1);
      expect((await rotation.run(0.1)).rotated).toEqual(["DATABASE"]);
    } finally {
      await rotation.close();
    }
  });

  test("that never comes, since no server listens, has changed nothing", async () => {
    const service = await startKeyService(ADMIN);
    await service.close();
    const error = await failureOf((await open(declared(service.url))).issue(issueRequest(1)));
    expect(error).toMatchObject({ kind: "unchanged", code: "http-failed" });
  });

  test("to a check or a revocation is judged by the statuses that are declared", async () => {
    const service = await start();
    const base = declared(service.url);
    const issuer = await open(base);
    const credential = await issuer.issue(issueRequest(1));
    const verdict = async (check: Partial<Http["check"]>) =>
      (
        await (
          await open({ ...base, check: { ...base.check, ...check } })
        ).check(credential, AbortSignal.timeout(240_000))
      ).verdict;
    expect(await verdict({ works: [204] })).toBe("unknown");
    expect(await verdict({ expect: { "/id": credential.ref ?? "" } })).toBe("works");
    expect(await verdict({ expect: { "/id": "another" } })).toBe("refused");
    service.faults.push({ match: /^GET \/me/, status: 503 });
    expect(await verdict({})).toBe("unknown");
    service.faults.push({ match: /^DELETE/, status: 410 });
    await issuer.revoke("key-1");
    const strict = await open({ ...base, revoke: { ...base.revoke, gone: [404] } });
    expect(await failureOf(strict.revoke("key-1"))).toMatchObject({
      kind: "unchanged",
      code: "http-refused",
    });
  });

  test("to find that is no list, or holds the label without a ref, is not taken for an empty list", async () => {
    for (const body of ["{}", '{"keys":{}}', `{"keys":[{"name":"${labelOf(1)}"}]}`]) {
      const service = await start({ match: /^GET/, status: 200, body });
      expect(await failureOf((await open(declared(service.url))).find(labelOf(1)))).toMatchObject({
        kind: "unchanged",
      });
    }
  });
});

describe("a config is refused if", () => {
  const URL_OF = "https://keys.example.com";
  const change = (at: readonly string[], value: unknown): unknown => {
    const config = JSON.parse(JSON.stringify({ tokens: { ALPHA: { issuer: declared(URL_OF) } } }));
    let place = config.tokens.ALPHA.issuer;
    for (const key of at.slice(0, -1)) place = place[key];
    place[at.at(-1) ?? ""] = value;
    return config;
  };
  test.each<[string, readonly string[], unknown, string]>([
    [
      "a variable stands in a URL",
      ["issue", "url"],
      `${URL_OF}/keys?key=\${env.ADMIN}`,
      "value-in-url",
    ],
    ["the value stands in a URL", ["check", "url"], `${URL_OF}/\${fields.value}`, "value-in-url"],
    [
      "a placeholder is unknown",
      ["issue", "json"],
      { a: [{ b: "${lable}" }] },
      "unknown-placeholder",
    ],
    [
      "a placeholder is another request's",
      ["revoke", "url"],
      `${URL_OF}/\${label}`,
      "unknown-placeholder",
    ],
    [
      "a field is none of the credential's",
      ["check", "headers"],
      ["A: ${fields.other}"],
      "unknown-placeholder",
    ],
    ["a value goes over plain HTTP", ["find", "url"], "http://keys.example.com/keys", "bad-url"],
    ["a URL is none", ["issue", "url"], "keys.example.com/keys", "bad-url"],
    [
      "the server's name has a placeholder",
      ["issue", "url"],
      "https://${label}.example.com/",
      "bad-url",
    ],
    ["a URL holds credentials", ["issue", "url"], "https://a:b@keys.example.com/", "bad-url"],
    ["there are two bodies", ["issue", "form"], { a: "b" }, "two-bodies"],
    ["there is no field", ["issue", "fields"], {}, "empty"],
    [
      "a credential is written out",
      ["issue", "headers"],
      [`Authorization: Bearer ${["gh", "p_"].join("")}${"a1B2".repeat(9)}`],
      "value-in-config",
    ],
    ["a pointer is none", ["issue", "ref"], "key.id", "invalid-value"],
  ])("%s", (_, at, value, code) => {
    const parsed = parseConfig(JSON.stringify(change(at, value)), {
      kind: "github",
      repository: "acme/widgets",
    });
    const problems = parsed.ok ? [] : parsed.problems;
    expect(
      problems.map((problem) => ({
        code: problem.code,
        pointer: problem.pointer.split("/").slice(0, 6).join("/"),
      })),
    ).toContainEqual({
      code: code === "invalid-value" ? expect.any(String) : code,
      pointer: `/tokens/ALPHA/issuer/${at.join("/")}`,
    });
    expect(JSON.stringify(problems)).not.toMatch(/a1B2/);
  });

  test("plain HTTP is allowed to this machine, and elsewhere if the config says so", () => {
    const ok = (config: unknown) =>
      parseConfig(JSON.stringify(config), { kind: "github", repository: "acme/widgets" }).ok;
    expect(ok({ tokens: { ALPHA: { issuer: declared("http://localhost:8080") } } })).toBe(true);
    expect(
      ok({
        tokens: { ALPHA: { issuer: declared("http://keys.example.com", { allow_http: true }) } },
      }),
    ).toBe(true);
  });
});
