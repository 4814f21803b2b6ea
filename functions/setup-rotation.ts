// POST /tokens/setup-rotation: a token's rule.
import * as z from "zod";
import { refuseInDispatch, WRITE_BY_COMMIT } from "../src/http/dispatch.ts";
import { endpoint, once } from "../src/http/endpoint.ts";
import { create, idempotencyKey, intervalHours, tokenName } from "../src/http/input/inputs.ts";

export const config = { path: "/tokens/setup-rotation" };

export default endpoint({
  method: "POST",
  path: config.path,
  summary: "Set how often a token is rotated",
  scope: "admin",
  input: z.strictObject({
    token_name: tokenName,
    interval_hours: intervalHours,
    auto_rotate: z
      .boolean()
      .default(true)
      .describe("Whether a run rotates it when the interval has elapsed"),
    notify: z.boolean().default(true).describe("Whether the notifiers report its rotations"),
    create: create.optional(),
    idempotency_key: idempotencyKey.optional(),
  }),
  async handle({ input, triggeredBy, mark, ...call }) {
    if (call.runs !== null) refuseInDispatch("set a rule", WRITE_BY_COMMIT);
    const app = await call.app();
    const result = await app.setupRule({
      tokenName: input.token_name,
      intervalHours: input.interval_hours,
      autoRotate: input.auto_rotate,
      notify: input.notify,
      create: input.create ?? app.home.kind === "local",
      triggeredBy,
      mark,
    });
    return once(result);
  },
});
