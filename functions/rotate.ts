// POST /tokens/rotate: one token's rotation now, to a new value or to one that the caller hands in.
import * as z from "zod";
import type { Secret } from "../src/core/base/secret.ts";
import { VALUE_FIELD } from "../src/core/model/token.ts";
import { dispatch, refuseInDispatch, WRITE_BY_COMMIT } from "../src/http/dispatch.ts";
import { endpoint, once } from "../src/http/endpoint.ts";
import {
  create,
  dryRun,
  idempotencyKey,
  secretValue,
  tokenName,
} from "../src/http/input/inputs.ts";
import { shorten } from "../src/http/problem/shorten.ts";
import { requireRotated } from "../src/http/reply/outcome.ts";

/** Lists of the report that may name any token of the record. */
const LISTS = ["failing", "drifted", "proved", "revoked", "warnings"].map(
  (list) => `report.${list}`,
);

export const config = { path: "/tokens/rotate" };

export default endpoint({
  method: "POST",
  path: config.path,
  summary: "Rotate one token now",
  scope: "rotate",
  input: z.strictObject({
    token_name: tokenName,
    new_token: secretValue.optional(),
    dry_run: dryRun,
    create: create.optional(),
    idempotency_key: idempotencyKey.optional(),
    reveal: z
      .boolean()
      .default(true)
      .describe("Whether the reply may hold the new value, for a key that may see it"),
  }),
  async handle({ input, reveal, triggeredBy, mark, ...call }) {
    const app = await call.app();
    if (call.runs !== null && !input.dry_run) {
      const cannot =
        input.new_token !== undefined ? "take a value" : input.create ? "declare a token" : null;
      if (cannot !== null) refuseInDispatch(cannot, WRITE_BY_COMMIT);
      const planned = await app.run({
        wanted: { kind: "tokens", names: [input.token_name], value: null, create: false },
        triggeredBy,
        dryRun: true,
        dispatches: true,
      });
      requireRotated(planned, input.token_name);
      const asked = {
        actor: triggeredBy.actor ?? "",
        mark,
        about: { token_name: input.token_name },
      };
      return dispatch(await call.runs(), { command: "rotate", tokens: [input.token_name] }, asked);
    }
    let made: Secret | undefined;
    const report = await app.run({
      // A record on this machine declares a token that is not there yet. Elsewhere a typo would make a secret that has no consumer.
      wanted: {
        kind: "tokens",
        names: [input.token_name],
        value: input.new_token ?? null,
        create: input.create ?? app.home.kind === "local",
      },
      triggeredBy,
      mark,
      dryRun: input.dry_run,
      onCredential: (_name, credential) => {
        made = credential.fields[VALUE_FIELD];
      },
    });
    const token = requireRotated(report, input.token_name);
    const body = {
      token_name: token.token_name,
      ...(reveal && input.reveal && made !== undefined ? { new_token: made.reveal() } : {}),
      rotated_at: report.dry_run ? null : report.finished_at,
      previous_hash: token.previous_hash,
      new_hash: token.new_hash,
      report,
    };
    return once(report, shorten(body, LISTS));
  },
});
