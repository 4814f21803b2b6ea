// Hosts whose runtime is Node.js and calls one function of a bundle: Lambda by its events, Vercel by the web's fetch.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { vi } from "vitest";
import { type BundledHost, writeHostFolder } from "../../scripts/host-bundles.ts";
import { temporaryFolder } from "../git-repository.ts";
import { ROOT } from "../pages.ts";
import type { RunningHost } from "./contract.ts";

async function writeBundle(host: BundledHost) {
  const folder = await temporaryFolder();
  await writeHostFolder(ROOT, host, folder.path);
  return folder;
}

async function load(file: string, environment: Readonly<Record<string, string>>) {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  return import(/* @vite-ignore */ pathToFileURL(file).href);
}

/** Vercel's Node.js runtime: `fetch` of the default export of the handler that .vc-config.json names. */
export async function startVercel(
  environment: Readonly<Record<string, string>>,
): Promise<RunningHost> {
  const folder = await writeBundle("vercel");
  const { default: exported } = await load(
    join(folder.path, "functions/index.func/index.js"),
    environment,
  );
  return {
    fetch: (request) => exported.fetch(request),
    async close() {
      vi.unstubAllEnvs();
      await folder.close();
    },
  };
}

/** What a function URL sends (payload format 2.0): https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html */
export async function lambdaEvent(request: Request, base64: boolean) {
  const { pathname, search, host } = new URL(request.url);
  const bytes = Buffer.from(await request.arrayBuffer());
  const { cookie, ...headers } = Object.fromEntries(request.headers);
  return {
    version: "2.0",
    routeKey: "$default",
    rawPath: pathname,
    rawQueryString: search.slice(1),
    ...(cookie === undefined ? {} : { cookies: cookie.split("; ") }),
    headers: { ...headers, host, "x-forwarded-proto": "https" },
    requestContext: {
      accountId: "anonymous",
      apiId: "abc",
      domainName: host,
      domainPrefix: "abc",
      http: {
        method: request.method,
        path: pathname,
        protocol: "HTTP/1.1",
        sourceIp: "192.0.2.1",
        userAgent: "test",
      },
      requestId: "id",
      routeKey: "$default",
      stage: "$default",
      time: "12/Mar/2026:19:03:58 +0000",
      timeEpoch: 1773342238000,
    },
    ...(bytes.length === 0 ? {} : { body: bytes.toString(base64 ? "base64" : "utf8") }),
    isBase64Encoded: base64 && bytes.length > 0,
  };
}

type LambdaResult = {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly cookies?: string[];
  readonly body: string;
  readonly isBase64Encoded: boolean;
};

export type RunningLambda = RunningHost & {
  readonly invoke: (event: unknown) => Promise<LambdaResult>;
};

/** @param base64 whether bodies come in base64, as those do whose type Lambda does not take for text. */
export async function startLambda(
  environment: Readonly<Record<string, string>>,
  base64 = false,
): Promise<RunningLambda> {
  const folder = await writeBundle("lambda");
  const { handler } = await load(join(folder.path, "index.js"), environment);
  return {
    invoke: (event) => handler(event, {}),
    async fetch(request) {
      const { statusCode, headers, body, isBase64Encoded }: LambdaResult = await handler(
        await lambdaEvent(request, base64),
        {},
      );
      const bytes = Buffer.from(body, isBase64Encoded ? "base64" : "utf8");
      return new Response(bytes.length === 0 ? null : bytes, { status: statusCode, headers });
    },
    async close() {
      vi.unstubAllEnvs();
      await folder.close();
    },
  };
}
