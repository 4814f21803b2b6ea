// What people declare of the issuer `command`: a program of their own that makes, checks and revokes credentials.
import * as z from "zod";
import { closed, NAME_PATTERN, variableName } from "./schema-base.ts";

/** The longest that one call of the program may take, in seconds: a run gives its issuers less than five minutes. */
const MAX_TIMEOUT_SECONDS = 240;

const argument = z
  .string()
  .min(1)
  .max(4096)
  // Control characters are slips, and no argument list can hold a NUL.
  .regex(/^[\P{Cc}\t\n]+$/u);

export const command = closed(
  {
    use: z.literal("command"),
    run: z
      .array(argument)
      .min(1)
      .max(64)
      .describe("The program and its arguments, without a shell; never a value"),
    env: z
      .array(variableName)
      .max(64)
      .optional()
      .describe("Environment variables that it gets beside PATH, HOME and the like, by name"),
    fields: z
      .array(z.string().regex(NAME_PATTERN).max(64))
      .min(1)
      .max(16)
      .optional()
      .describe("The fields that its credentials have; only value unless given"),
    timeout_seconds: z
      .int()
      .min(1)
      .max(MAX_TIMEOUT_SECONDS)
      .optional()
      .describe("How long one call of it may take; 60 unless given"),
  },
  { description: "A program of yours that makes, checks, revokes and finds credentials" },
);
