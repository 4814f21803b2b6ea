// The issuer `http`: a service's API, which the config describes as requests and as places in their replies.
import { Denied, type Failure, Misconfigured, Unchanged } from "../../core/base/errors.ts";
import { Secret } from "../../core/base/secret.ts";
import {
  atPointer,
  fill,
  fillAll,
  placeholdersIn,
  variableIn,
} from "../../core/config/template.ts";
import { type IssuerDeclaration, instant } from "../../core/model/schema.ts";
import type { CheckResult, Credential, Issuer } from "../../core/ports/issuer.ts";
import { exchange, failed, lineOf, type Outgoing, type ServiceReply } from "./http-exchange.ts";

type Declaration = Extract<IssuerDeclaration, { use: "http" }>;
type Described = Declaration["issue" | "check" | "revoke" | "find"];

export type HttpOptions = {
  readonly declaration: Declaration;
  /** The value of the environment variable with that name. Throws `Misconfigured`. */
  readonly variable: (name: string) => Secret;
  readonly fetch: typeof fetch;
  readonly clock: () => Date;
};

const DEFAULT_TIMEOUT_SECONDS = 30;
/** The most pages that are read of a list. */
const MAX_PAGES = 100;
const REF = /^[^\p{Cc}\p{Zl}\p{Zp}]{1,1024}$/u;

/** Opens the issuer. Throws nothing, since a missing variable shows with the first request. */
export function httpIssuer({ declaration, variable, fetch: send, clock }: HttpOptions): Issuer {
  const timeoutMs = (declaration.timeout_seconds ?? DEFAULT_TIMEOUT_SECONDS) * 1000;
  const ask = async (request: Outgoing, signal: AbortSignal | null = null): Promise<ServiceReply> =>
    exchange(request, {
      fetch: send,
      timeoutMs,
      signal,
      allowHttp: declaration.allow_http ?? false,
    });
  const make = (described: Described, method: string, known: Known, changes = true) =>
    buildRequest(described, { method, known, variable, changes });
  const judge = (request: Outgoing, reply: ServiceReply) => refusalOf(request, reply, clock());
  return {
    async issue({ label, tokenName, current, signal }) {
      const request = make(declaration.issue, "POST", {
        label,
        token_name: tokenName,
        current: current ?? "",
      });
      const reply = await ask(request, signal);
      const refusal = judge(request, reply);
      if (refusal !== null) throw refusal;
      return credentialOf(declaration, request, reply);
    },
    async check({ ref, fields }, signal) {
      const known = {
        ref: ref ?? "",
        ...Object.fromEntries(
          Object.entries(fields).map(([name, value]) => [`fields.${name}`, value]),
        ),
      };
      return verdictOf(
        declaration.check,
        await ask(make(declaration.check, "GET", known, false), signal),
      );
    },
    async revoke(ref) {
      const request = make(declaration.revoke, "DELETE", { ref });
      const reply = await ask(request);
      if ((declaration.revoke.gone ?? [404, 410]).includes(reply.status)) return;
      const refusal = judge(request, reply);
      if (refusal !== null) throw refusal;
    },
    async find(label) {
      const { find } = declaration;
      const refs = new Set<string>();
      const first = find.first_page ?? 1;
      const pages = placeholdersIn(find.url).includes("page") ? MAX_PAGES : 1;
      const seen = new Set<string>();
      for (let page = first; page < first + pages; page++) {
        const request = make(find, "GET", { label, page: String(page) }, false);
        const reply = await ask(request);
        const refusal = judge(request, reply);
        if (refusal !== null) throw refusal;
        const list = atPointer(reply.body, find.list);
        if (!Array.isArray(list))
          throw failed(
            request,
            `the reply holds no list at ${JSON.stringify(find.list)}, the place that the declaration names`,
          );
        const before = seen.size;
        for (const one of list) {
          const ref = textAt(one, find.ref);
          seen.add(ref ?? JSON.stringify(one));
          if (atPointer(one, find.label) !== label) continue;
          if (ref === null)
            throw failed(
              request,
              `a credential with the label has no ref at ${JSON.stringify(find.ref)}`,
            );
          refs.add(ref);
        }
        // A service that ignores the page number would give the first page for ever.
        if (list.length === 0 || seen.size === before) break;
        if (page === first + MAX_PAGES - 1)
          throw failed(request, `the list has more than ${MAX_PAGES} pages`);
      }
      return [...refs];
    },
  };
}

/** The values of placeholders, beside the environment's variables. */
type Known = Readonly<Record<string, string | Secret>>;

function buildRequest(
  { method, url, headers = [], json, form }: Described,
  options: {
    readonly method: string;
    readonly known: Known;
    readonly variable: HttpOptions["variable"];
    readonly changes: boolean;
  },
): Outgoing {
  const { known, variable } = options;
  const lookUp = (name: string): string => {
    const named = variableIn(name);
    const value =
      named !== null ? variable(named) : Object.hasOwn(known, name) ? known[name] : undefined;
    if (value === undefined) throw unfillable("it has an unknown placeholder");
    return value instanceof Secret ? value.reveal() : value;
  };
  const inUrl = (name: string): string => {
    const value = Object.hasOwn(known, name) ? known[name] : undefined;
    if (typeof value !== "string" || /^\.{0,2}$/.test(value))
      throw unfillable("its URL has a placeholder whose value cannot stand in a URL");
    return encodeURIComponent(value);
  };
  const all = new Headers({ accept: "application/json", "user-agent": "token-automation" });
  if (json !== undefined) all.set("content-type", "application/json");
  if (form !== undefined) all.set("content-type", "application/x-www-form-urlencoded");
  for (const header of headers) setHeader(all, header, lookUp);
  const filledForm =
    form &&
    new URLSearchParams(Object.entries(form).map(([name, text]) => [name, fill(text, lookUp)]));
  const body =
    json === undefined ? (filledForm?.toString() ?? null) : JSON.stringify(fillAll(json, lookUp));
  return {
    method: method ?? options.method,
    url: fill(url, inUrl),
    headers: all,
    body,
    changes: options.changes,
  };
}

/** Not the platform's own error, which would quote the value. */
function setHeader(headers: Headers, header: string, lookUp: (name: string) => string): void {
  const split = header.indexOf(": ");
  const value = fill(header.slice(split + 2), lookUp);
  if (!/^[\t\x20-\x7e]+$/.test(value))
    throw unfillable(`the value of its header ${header.slice(0, split)} cannot stand in a header`);
  headers.set(header.slice(0, split), value);
}

function unfillable(what: string): Misconfigured {
  return new Misconfigured(`a request of the issuer http cannot be made: ${what}`, {
    code: "http-request",
    hint: "Correct the declaration, or the environment variable that it names.",
  });
}

/** The failure that a status means. Null for success. */
function refusalOf(
  request: Outgoing,
  { status, retryAfterMs }: ServiceReply,
  now: Date,
): Failure | null {
  if (status >= 200 && status < 300) return null;
  const message = `the issuer's ${lineOf(request)} was answered ${status}`;
  if (status === 401 || status === 403) {
    return new Denied(message, {
      code: "http-denied",
      hint: "Give the administrator's key that the declaration names the right to do this.",
    });
  }
  if (status === 429) {
    const retryAt = retryAfterMs === null ? null : new Date(now.getTime() + retryAfterMs);
    return new Unchanged(message, {
      code: "http-rate-limited",
      hint: "A later run tries again.",
      retryAt,
    });
  }
  if (status >= 400 && status < 500 && status !== 408) {
    return new Unchanged(message, {
      code: "http-refused",
      hint: "Compare the request in the declaration with the service's documentation.",
    });
  }
  return failed(
    request,
    status < 400
      ? `it was answered ${status}: redirects are not followed`
      : `it was answered ${status}`,
  );
}

/** A text or a number at a pointer, as text. Null if there is none, or one that cannot stand in the record. */
function textAt(document: unknown, pointer: string): string | null {
  const value = atPointer(document, pointer);
  const text = typeof value === "number" ? String(value) : value;
  return typeof text === "string" && REF.test(text) ? text : null;
}

function credentialOf(
  { issue, ...declaration }: Declaration,
  request: Outgoing,
  { body }: ServiceReply,
): Credential {
  const values = Object.entries(issue.fields).map(
    ([name, pointer]) => [name, atPointer(body, pointer)] as const,
  );
  const missing = values
    .filter(([, value]) => typeof value !== "string")
    .map(([name]) => `${name} at ${JSON.stringify(issue.fields[name])}`);
  if (missing.length > 0)
    throw failed(
      request,
      `the reply holds no ${missing.join(", no ")}, the place that the declaration names`,
    );
  const ref = textAt(body, issue.ref);
  if (ref === null)
    throw failed(
      request,
      `the reply holds no ref at ${JSON.stringify(issue.ref)}, the place that the declaration names`,
    );
  const texts = values.map(([name, value]) => [name, String(value)] as const);
  if (texts.some(([, value]) => value !== "" && ref.includes(value)))
    throw failed(request, "the ref that the declaration names holds the value");
  const end = issue.expires_at === undefined ? null : atPointer(body, issue.expires_at);
  const expiresAt = instant.safeParse(end);
  const unreadable = end != null && !expiresAt.success;
  return {
    fields: Object.fromEntries(texts.map(([name, value]) => [name, new Secret(value)])),
    ref,
    entropyBits: declaration.entropy_bits ?? null,
    expiresAt: expiresAt.success ? expiresAt.data : null,
    settlesWithinMs: (declaration.settles_within_seconds ?? 0) * 1000,
    warnings: unreadable
      ? ["The reply names an end of the credential in a form that this program does not read."]
      : [],
  };
}

function verdictOf(
  { works, refused = [401, 403], expect = {} }: Declaration["check"],
  { status, body }: ServiceReply,
): CheckResult {
  const detail = `the service answered ${status}`;
  if (refused.includes(status)) return { verdict: "refused", detail };
  const isFine = works === undefined ? status >= 200 && status < 300 : works.includes(status);
  if (!isFine) return { verdict: "unknown", detail };
  const different = Object.entries(expect).find(
    ([pointer, value]) => String(atPointer(body, pointer)) !== value,
  );
  if (different === undefined) return { verdict: "works", detail: null };
  return { verdict: "refused", detail: `${detail}, with another value at ${different[0]}` };
}
