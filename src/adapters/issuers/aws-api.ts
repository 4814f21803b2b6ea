// Calls of AWS's query APIs (IAM 2010-05-08, STS 2011-06-15): signed (SigV4), bounded, and their errors in our classes.
import { setTimeout as sleep } from "node:timers/promises";
import { Denied, type Failure, Misconfigured, Unchanged } from "../../core/base/errors.ts";
import type { Secret } from "../../core/base/secret.ts";
import { atPointer } from "../../core/config/template.ts";
import type { IssuerDeclaration } from "../../core/model/schema.ts";
import { exchange, failed, type Outgoing } from "./http-exchange.ts";

type AwsKey = {
  readonly accessKeyId: Secret;
  readonly secretAccessKey: Secret;
  readonly sessionToken: Secret | null;
};

export type AwsOptions = {
  readonly declaration: Extract<IssuerDeclaration, { use: "aws_iam" }>;
  readonly admin: AwsKey;
  readonly fetch: typeof fetch;
  readonly clock: () => Date;
};

type Call = {
  readonly service: "iam" | "sts";
  readonly action: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly key: AwsKey;
  readonly changes: boolean;
  readonly signal?: AbortSignal | null;
};

/** An answer that is no success. `code` is AWS's own name for it. */
export type Refusal = { readonly code: string; readonly failure: Failure };
type Answer = { readonly ok: true; readonly body: unknown } | ({ readonly ok: false } & Refusal);

const VERSIONS = { iam: "2010-05-08", sts: "2011-06-15" } as const;
/** IAM has one place in each partition, and its own region for signing: docs.aws.amazon.com/general/latest/gr/iam-service.html. */
const PARTITIONS = {
  aws: { iam: "https://iam.amazonaws.com", region: "us-east-1", suffix: "amazonaws.com" },
  "aws-cn": {
    iam: "https://iam.cn-north-1.amazonaws.com.cn",
    region: "cn-north-1",
    suffix: "amazonaws.com.cn",
  },
  "aws-us-gov": {
    iam: "https://iam.us-gov.amazonaws.com",
    region: "us-gov-west-1",
    suffix: "amazonaws.com",
  },
} as const;
const TIMEOUT_MS = 15_000;
/** Tries of a call that AWS throttles, and the wait after the first, in milliseconds. It doubles. */
const THROTTLED_TRIES = 4;
const THROTTLED_WAIT_MS = 200;
const THROTTLED =
  /^(?:Throttling|ThrottlingException|RequestLimitExceeded|TooManyRequestsException)$/;
const REFUSED =
  /^(?:AccessDenied|AccessDeniedException|InvalidClientTokenId|SignatureDoesNotMatch|ExpiredToken|UnrecognizedClientException|IncompleteSignature|InvalidAccessKeyId)$/;

/** The caller of one account. Its answers are parsed XML. Throws `Unchanged` or `Uncertain` if no answer came. */
export function awsApi({ declaration, fetch: send, clock }: AwsOptions) {
  const place = PARTITIONS[declaration.partition ?? "aws"];
  const stsRegion = declaration.region ?? place.region;
  const endpoints = {
    iam: { url: declaration.endpoint ?? place.iam, region: place.region },
    sts: {
      url: declaration.endpoint ?? `https://sts.${stsRegion}.${place.suffix}`,
      region: stsRegion,
    },
  };

  async function once(call: Call): Promise<Answer> {
    const { url, region } = endpoints[call.service];
    const request = await signRequest(call, { url: `${url}/`, region, now: clock() });
    const { status, text } = await exchange(request, {
      fetch: send,
      timeoutMs: TIMEOUT_MS,
      signal: call.signal ?? null,
      allowHttp: false,
    });
    const body = await parseXml(text);
    if (status >= 200 && status < 300 && body !== undefined) return { ok: true, body };
    const named = atPointer(body, "/ErrorResponse/Error/Code");
    const code = typeof named === "string" && /^[\w.]{1,64}$/.test(named) ? named : String(status);
    return { ok: false, code, failure: failureOf(call, request, { status, code }) };
  }

  return async function ask(call: Call): Promise<Answer> {
    for (let tries = 1; ; tries++) {
      const answer = await once(call);
      // A throttled call was not carried out.
      if (
        answer.ok ||
        !THROTTLED.test(answer.code) ||
        tries === THROTTLED_TRIES ||
        call.signal?.aborted
      )
        return answer;
      await sleep(THROTTLED_WAIT_MS * 2 ** (tries - 1));
    }
  };
}

async function signRequest(
  call: Call,
  { url, region, now }: { url: string; region: string; now: Date },
): Promise<Outgoing> {
  const { AwsV4Signer } = await import("aws4fetch");
  const body = new URLSearchParams({
    Action: call.action,
    Version: VERSIONS[call.service],
    ...call.parameters,
  }).toString();
  const { accessKeyId, secretAccessKey, sessionToken } = call.key;
  const signer = new AwsV4Signer({
    method: "POST",
    url,
    headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8" },
    body,
    accessKeyId: accessKeyId.reveal(),
    secretAccessKey: secretAccessKey.reveal(),
    ...(sessionToken === null ? {} : { sessionToken: sessionToken.reveal() }),
    service: call.service,
    region,
    datetime: now.toISOString().replace(/[:-]|\.\d{3}/g, ""),
  });
  const { method, headers } = await signer.sign();
  return { method, url, headers, body, changes: call.changes };
}

async function parseXml(text: string): Promise<unknown> {
  const { XMLParser } = await import("fast-xml-parser");
  try {
    // Everything stays text, since an id of digits is not a number.
    return new XMLParser({ parseTagValue: false, ignoreAttributes: true }).parse(text, true);
  } catch {
    return undefined;
  }
}

function failureOf(
  { service, action }: Call,
  request: Outgoing,
  { status, code }: { status: number; code: string },
): Failure {
  const message = `AWS answered ${service}:${action} with ${code}`;
  if (THROTTLED.test(code) || status === 429)
    return new Unchanged(message, { code: "aws-throttled", hint: "A later run tries again." });
  if (REFUSED.test(code)) {
    const permission = `${service}:${action}`;
    return new Denied(message, {
      code: "aws-denied",
      hint: `Give the administrator's key the permission ${permission} on the user.`,
      permission,
    });
  }
  if (status >= 500 || status < 400 || status === 408)
    return failed(request, `${service}:${action} was answered ${status}`);
  return new Misconfigured(message, {
    code: "aws-refused",
    hint: "Check that the user exists, and compare with docs/issuers/aws_iam.md.",
  });
}
