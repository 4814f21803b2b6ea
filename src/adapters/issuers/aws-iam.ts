// The issuer `aws_iam`: access keys of one IAM user. A new one is made beside the one in use. The old one is deactivated, then deleted.
import { Misconfigured, Uncertain, Unchanged } from "../../core/base/errors.ts";
import { Secret } from "../../core/base/secret.ts";
import { atPointer } from "../../core/config/template.ts";
import type { IssueRequest, Issuer } from "../../core/ports/issuer.ts";
import { type AwsOptions, awsApi, type Refusal } from "./aws-api.ts";

/** AWS's limit on access keys of one user. */
const MAX_KEYS = 2;
/** How long IAM may take until a new key works everywhere, in milliseconds. It usually takes seconds. */
const SETTLES_WITHIN_MS = 15_000;
/** A secret access key is 40 characters of base64. */
const ENTROPY_BITS = 240;
/** Tags of the user. They hold the label of each key of ours, and an announcement of each new key with the keys that exist before it. */
const TAG = "token-automation:";
const ANNOUNCED = `${TAG}announced`;
const ANNOUNCED_AT = `${TAG}announced-at`;
/** AWS's limit on a tag's value, in characters. */
const MAX_TAG_VALUE = 256;
/** A key without a label is the announced one only if it was made this soon after, in milliseconds. Clocks may differ by the second. */
const ANNOUNCED_FOR_MS = 10 * 60_000;
const CLOCKS_DIFFER_MS = 5 * 60_000;

type AccessKey = { readonly id: string; readonly createdAt: number };

/** Opens the issuer. */
export function awsIamIssuer(options: AwsOptions): Issuer {
  const { declaration, admin, clock } = options;
  const ask = awsApi(options);
  const user = { UserName: declaration.user };

  async function iam(
    action: string,
    { parameters = {}, changes = true, signal = null, unless }: IamCall = {},
  ): Promise<unknown> {
    const answer = await ask({
      service: "iam",
      action,
      parameters: { ...user, ...parameters },
      key: admin,
      changes,
      signal,
    });
    if (answer.ok) return answer.body;
    if (answer.code === unless) return undefined;
    throw answer.failure;
  }

  async function listKeys(signal: AbortSignal | null = null): Promise<AccessKey[]> {
    const body = await iam("ListAccessKeys", { changes: false, signal });
    const members = listAt(
      body,
      "/ListAccessKeysResponse/ListAccessKeysResult/AccessKeyMetadata/member",
    );
    return members.map((member) => ({
      id: textAt(member, "/AccessKeyId"),
      createdAt: Date.parse(textAt(member, "/CreateDate")),
    }));
  }

  async function tags(signal: AbortSignal | null = null): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    let marker: string | null = null;
    do {
      const body = await iam("ListUserTags", {
        changes: false,
        signal,
        parameters: marker === null ? {} : { Marker: marker },
      });
      for (const tag of listAt(body, "/ListUserTagsResponse/ListUserTagsResult/Tags/member"))
        found.set(textAt(tag, "/Key"), textAt(tag, "/Value"));
      const more =
        atPointer(body, "/ListUserTagsResponse/ListUserTagsResult/IsTruncated") === "true";
      marker = more ? textAt(body, "/ListUserTagsResponse/ListUserTagsResult/Marker") : null;
    } while (marker !== null);
    return found;
  }

  const tag = (values: Readonly<Record<string, string>>, signal: AbortSignal | null) =>
    iam("TagUser", {
      signal,
      parameters: Object.fromEntries(
        Object.entries(values).flatMap(([key, value], index) => [
          [`Tags.member.${index + 1}.Key`, key],
          [`Tags.member.${index + 1}.Value`, value],
        ]),
      ),
    });

  /** A key that a run made and could not label: announced, made soon after, without a label and never used. */
  async function unlabelled(
    label: string,
    known: ReadonlyMap<string, string>,
    keys: readonly AccessKey[],
  ): Promise<string[]> {
    if (known.get(ANNOUNCED) !== label) return [];
    const [at = "", ...before] = (known.get(ANNOUNCED_AT) ?? "").split(" ");
    const since = Date.parse(at);
    const candidates = keys.filter(
      ({ id, createdAt }) =>
        !before.includes(id) &&
        !known.has(`${TAG}${id}`) &&
        createdAt >= since - CLOCKS_DIFFER_MS &&
        createdAt <= since + ANNOUNCED_FOR_MS,
    );
    const unused = await Promise.all(
      candidates.map(async ({ id }) => {
        const body = await iam("GetAccessKeyLastUsed", {
          changes: false,
          parameters: { AccessKeyId: id },
        });
        return atPointer(
          body,
          "/GetAccessKeyLastUsedResponse/GetAccessKeyLastUsedResult/AccessKeyLastUsed/LastUsedDate",
        ) === undefined
          ? [id]
          : [];
      }),
    );
    return unused.flat();
  }

  /** There is room for one announcement. A new one would make the key of the one before impossible to find. */
  async function labelEarlier(keys: readonly AccessKey[], signal: AbortSignal): Promise<void> {
    const known = await tags(signal);
    const earlier = known.get(ANNOUNCED);
    if (earlier === undefined) return;
    for (const id of await unlabelled(earlier, known, keys))
      await tag({ [`${TAG}${id}`]: earlier }, signal);
  }

  return {
    async issue(request) {
      const { label, signal } = request;
      if (label.length > MAX_TAG_VALUE) throw labelTooLong();
      const before = await listKeys(signal);
      if (before.length >= MAX_KEYS) throw noRoom(before, request, declaration.user);
      await labelEarlier(before, signal);
      const at = [clock().toISOString(), ...before.map(({ id }) => id)].join(" ");
      await tag({ [ANNOUNCED]: label, [ANNOUNCED_AT]: at }, signal);
      const body = await iam("CreateAccessKey", { signal });
      const made = atPointer(body, "/CreateAccessKeyResponse/CreateAccessKeyResult/AccessKey");
      const [id, secret] = [atPointer(made, "/AccessKeyId"), atPointer(made, "/SecretAccessKey")];
      if (typeof id !== "string" || typeof secret !== "string" || !/^\w{16,128}$/.test(id))
        throw noKey("AWS's answer holds no access key");
      await tag({ [`${TAG}${id}`]: label }, signal).catch((cause: unknown) => {
        throw noKey(`the access key ${id} was made, but could not be labelled`, cause);
      });
      const value = new Secret(secret);
      return {
        fields: { access_key_id: new Secret(id), secret_access_key: value, value },
        ref: id,
        entropyBits: ENTROPY_BITS,
        expiresAt: null,
        settlesWithinMs: SETTLES_WITHIN_MS,
        warnings: [],
      };
    },
    async check({ fields }, signal) {
      const { access_key_id: accessKeyId, secret_access_key: secretAccessKey } = fields;
      if (accessKeyId === undefined || secretAccessKey === undefined)
        return { verdict: "unknown", detail: "it is not an access key" };
      const key = { accessKeyId, secretAccessKey, sessionToken: null };
      const answer = await ask({
        service: "sts",
        action: "GetCallerIdentity",
        key,
        changes: false,
        signal,
      });
      if (answer.ok) return { verdict: "works", detail: null };
      return {
        verdict: isRefused(answer) ? "refused" : "unknown",
        detail: `AWS answered ${answer.code}`,
      };
    },
    async revoke(ref) {
      const gone = "NoSuchEntity";
      await iam("UpdateAccessKey", {
        parameters: { AccessKeyId: ref, Status: "Inactive" },
        unless: gone,
      });
      await iam("DeleteAccessKey", { parameters: { AccessKeyId: ref }, unless: gone });
      await iam("UntagUser", { parameters: { "TagKeys.member.1": `${TAG}${ref}` }, unless: gone });
    },
    async find(label) {
      const [keys, known] = [await listKeys(), await tags()];
      const labelled = keys
        .filter(({ id }) => known.get(`${TAG}${id}`) === label)
        .map(({ id }) => id);
      return labelled.length > 0 ? labelled : unlabelled(label, known, keys);
    },
  };
}

type IamCall = {
  readonly parameters?: Readonly<Record<string, string>>;
  readonly changes?: boolean;
  readonly signal?: AbortSignal | null;
  /** The error that means that there is nothing left to do. */
  readonly unless?: string;
};

function isRefused({ code }: Refusal): boolean {
  return [
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
    "InvalidAccessKeyId",
    "UnrecognizedClientException",
  ].includes(code);
}

/** XML does not distinguish one element from a list of one. */
function listAt(body: unknown, pointer: string): unknown[] {
  const found = atPointer(body, pointer);
  if (found === undefined) return [];
  return Array.isArray(found) ? found : [found];
}

function textAt(document: unknown, pointer: string): string {
  const value = atPointer(document, pointer);
  if (typeof value === "string") return value;
  throw new Unchanged("AWS's answer is not as its documentation says", {
    code: "aws-answer",
    hint: "A later run tries again.",
  });
}

function noRoom(
  keys: readonly AccessKey[],
  { current, retiring }: IssueRequest,
  user: string,
): Misconfigured | Unchanged {
  const foreign = keys.map(({ id }) => id).filter((id) => id !== current && !retiring.includes(id));
  if (foreign.length === 0) {
    return new Unchanged(
      `the IAM user ${user} has two access keys, and the earlier one still works through its overlap`,
      {
        code: "aws-two-keys",
        hint: "A run deletes it when overlap_hours after the last rotation are over and, if the rule asks for proof, the new one is proved. Then it makes a new one. Rotate less often, or shorten the overlap.",
      },
    );
  }
  return new Misconfigured(
    `the IAM user ${user} has two access keys, AWS's limit, and this record did not make ${foreign.join(" and ")}`,
    {
      code: "aws-foreign-key",
      hint: "Delete the unused one. A run never touches a key that this record did not make.",
    },
  );
}

function noKey(what: string, cause?: unknown): Uncertain {
  return new Uncertain(what, {
    code: "aws-key-lost",
    hint: "The next run looks for it and deletes it.",
    cause,
  });
}

function labelTooLong(): Misconfigured {
  return new Misconfigured(
    `the label of the credential is longer than the ${MAX_TAG_VALUE} characters of a tag`,
    {
      code: "aws-label",
      hint: "Give the token a shorter name.",
    },
  );
}
