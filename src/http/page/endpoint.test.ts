// The page over HTTP: the answer for each caller, its form, and its headers.
import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import pageRoute from "../../../functions/page.ts";
import { answerOf, caller, requestFor } from "../../../test/http.ts";
import { type LocalHost, localHost } from "../../../test/local-host.ts";
import { NOW, recordOf } from "../../../test/page-records.ts";
import { readApiKeys } from "../access/environment.ts";
import { SCRIPT_HASH, STYLE_HASH } from "./assets.ts";

const BROWSER = { accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8" };
const POLICY = `default-src 'none'; base-uri 'none'; frame-ancestors 'none'; style-src '${STYLE_HASH}'; script-src '${SCRIPT_HASH}'; img-src data:; connect-src 'self'; form-action 'self'; require-trusted-types-for 'script'; trusted-types 'none'`;
const HTML_HEADERS = {
  "cache-control": "no-store",
  "content-security-policy": POLICY,
  "content-type": "text/html; charset=utf-8",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

let host: LocalHost;
beforeEach(async () => {
  host = await localHost(NOW);
  await host.repository.commit("token_config.json", JSON.stringify(recordOf(3)));
});
afterEach(() => host.close());

/** The answer for a browser or a program: the heading of a page, or JSON. */
async function get(
  options: {
    readonly headers?: Record<string, string>;
    readonly query?: string;
    readonly method?: string;
  } = {},
  edge = host.edge,
) {
  const response = await pageRoute.answer(requestFor(pageRoute, options), edge);
  const headers = Object.fromEntries(response.headers);
  const text = await response.text();
  return {
    status: response.status,
    headers,
    text,
    heading: /<h1[^>]*>(.*?)<\/h1>/.exec(text)?.[1] ?? null,
  };
}

function keyed() {
  const digest = createHash("sha256").update("right").digest("hex");
  const keys = () =>
    readApiKeys({
      TOKEN_AUTOMATION_API_KEYS: JSON.stringify([{ id: "eyes", sha256: digest, scopes: ["read"] }]),
    });
  return caller({ ...host.edge, access: { kind: "keys", keys } }).edge;
}

test("on this machine: the page, which no cache keeps, no site frames, and nothing foreign runs in", async () => {
  const { status, headers, heading } = await get({ headers: BROWSER });
  expect({ status, headers, heading }).toEqual({
    status: 200,
    headers: HTML_HEADERS,
    heading: "1 of 3 tokens needs attention",
  });
  expect(await get({ method: "HEAD" })).toMatchObject({
    status: 200,
    headers: HTML_HEADERS,
    text: "",
  });
});

describe("if keys are needed", () => {
  test("a browser without one gets the sign-in form, with the status and the header of every other refusal", async () => {
    const { status, headers, heading, text } = await get({ headers: BROWSER }, keyed());
    expect({ status, headers, heading }).toEqual({
      status: 401,
      headers: { ...HTML_HEADERS, "www-authenticate": "Bearer" },
      heading: "Sign in",
    });
    expect(text).not.toMatch(/API_KEY|on this machine/);
    expect(text).toContain('<form id="key-form" hidden>');
    expect(/<input id="key"[^>]*>/.exec(text)?.[0]).not.toContain("name=");
  });

  test("a program without one gets the problem that it gets everywhere", async () => {
    const answer = await answerOf(await pageRoute.answer(requestFor(pageRoute), keyed()));
    expect(answer).toMatchObject({
      status: 401,
      headers: { "content-type": "application/problem+json" },
      body: { code: "unauthenticated" },
    });
  });

  test("with one that may only read: the page without its buttons", async () => {
    const { status, text } = await get(
      { headers: { ...BROWSER, authorization: "Bearer right" } },
      keyed(),
    );
    expect([status, text.includes("API_KEY"), /<button[^>]* data-/.test(text)]).toEqual([
      200,
      true,
      false,
    ]);
  });
});

describe("people get failures as a page", () => {
  test.each([
    [
      "a foreign name of the host",
      { headers: { ...BROWSER, host: "evil.example" } },
      403,
      "Forbidden",
    ],
    ["an unknown field", { headers: BROWSER, query: "?helth=ok" }, 400, "Bad Request"],
    ["an unknown health", { headers: BROWSER, query: "?health=fine" }, 400, "Bad Request"],
    ["a page that is not a number", { headers: BROWSER, query: "?page=0" }, 400, "Bad Request"],
  ])("%s", async (_what, asked, status, heading) => {
    expect(await get(asked)).toMatchObject({ status, heading, headers: HTML_HEADERS });
  });

  test("one mistake is reported once, with the name that was probably meant", async () => {
    const { text } = await get({ headers: BROWSER, query: "?helth=ok" });
    expect(text.match(/there is no field/g)).toHaveLength(1);
    expect(text).toContain("<b>What to do:</b> Did you mean health?");
  });

  test("the form's empty fields are no mistakes", async () => {
    expect(await get({ headers: BROWSER, query: "?q=&health=&sort=" })).toMatchObject({
      status: 200,
    });
  });

  test("mistakes in the record, each with its line", async () => {
    await host.repository.commit(
      "token_config.json",
      '{\n  "tokens": { "A-B": {}, "C": { "lenght": 3 } }\n}\n',
    );
    const { status, text } = await get({ headers: BROWSER });
    expect(status).toBe(422);
    expect(text.match(/<li>line 2: /g)).toHaveLength(2);
    expect(text).toContain("Did you mean");
  });

  test("an unexpected error, with the reference alone", async () => {
    const { edge, said } = caller({
      ...host.edge,
      app: () => Promise.reject(new TypeError("canary")),
    });
    const { status, text } = await get({ headers: BROWSER }, edge);
    expect([status, text.includes("<code>reference-1</code>"), text.includes("canary")]).toEqual([
      500,
      true,
      false,
    ]);
    expect(said.join()).not.toContain("canary");
  });
});
