// The shape of the issuer `http`: the requests by which a service makes, checks, revokes and finds credentials.
import * as z from "zod";
import { closed, NAME_PATTERN } from "./schema-base.ts";

/** The longest that one request may take, in seconds: a run gives its issuers less than five minutes. */
const MAX_TIMEOUT_SECONDS = 120;

const template = z.string().min(1).max(8192);
const status = z.int().min(200).max(599);
/** RFC 6901. */
const pointer = z
  .string()
  .max(512)
  .regex(/^(?:\/(?:[^~/]|~[01])*)*$/);
/** Not a map: a header's name may begin with `x-`, as only notes do in this file. */
const headers = z
  .array(template.regex(/^[A-Za-z0-9-]+: \S/))
  .max(32)
  .optional()
  .describe('Each as "Name: value"');
const request = {
  method: z.enum(["GET", "POST", "PUT", "PATCH", "DELETE"]).optional(),
  url: template.describe("The address, which holds no secret value"),
  headers,
  json: z.unknown().optional().describe("The body as JSON; its strings may hold placeholders"),
  form: z.record(z.string().min(1), template).optional().describe("The body as a form"),
};

const issue = closed(
  {
    ...request,
    fields: z
      .record(z.string().regex(NAME_PATTERN).max(64), pointer)
      .describe("The credential's fields, each with its place in the reply"),
    ref: pointer.describe("Where in the reply the credential's id stands; the id is no secret"),
    expires_at: pointer.optional().describe("Where in the reply its expiry stands, in ISO 8601"),
  },
  { description: "Makes a credential (default method: POST)" },
);
const check = closed(
  {
    ...request,
    works: z
      .array(status)
      .min(1)
      .optional()
      .describe("Statuses that say that it works (default: any 2xx)"),
    refused: z
      .array(status)
      .min(1)
      .optional()
      .describe("Statuses that say that it does not work (default: 401 and 403)"),
    expect: z
      .record(pointer, z.string())
      .optional()
      .describe(
        "Places in the reply and the text that a working credential has there; numbers, true and false count as text",
      ),
  },
  { description: "Asks whether the new credential works (default method: GET)" },
);
const revoke = closed(
  {
    ...request,
    gone: z
      .array(status)
      .min(1)
      .optional()
      .describe("Statuses that say that it is already gone (default: 404 and 410)"),
  },
  { description: "Ends one credential (default method: DELETE)" },
);
const find = closed(
  {
    ...request,
    list: pointer.describe("Where in the reply the list of credentials stands"),
    label: pointer.describe("Where in one of them its label stands"),
    ref: pointer.describe("Where in one of them its ref stands"),
    first_page: z
      .int()
      .min(0)
      .max(1)
      .optional()
      .describe("The number of the first page, if the URL holds ${page} (default: 1)"),
  },
  { description: "Lists credentials, so that one is found by its label (default method: GET)" },
);

export const http = closed(
  {
    use: z.literal("http"),
    issue,
    check,
    revoke,
    find,
    settles_within_seconds: z
      .number()
      .min(0)
      .max(240)
      .optional()
      .describe("How many seconds it may take until a new credential works (default: 0)"),
    entropy_bits: z
      .number()
      .min(0)
      .max(10_000)
      .optional()
      .describe(
        "How many random bits the first field has; from 128 on, its fingerprint needs no key",
      ),
    timeout_seconds: z
      .int()
      .min(1)
      .max(MAX_TIMEOUT_SECONDS)
      .optional()
      .describe("How many seconds one request may take (default: 30)"),
    allow_http: z
      .boolean()
      .optional()
      .describe("Whether values may go over plain HTTP to another machine (default: false)"),
  },
  { description: "Anything with an API, described as requests" },
);
