// What people declare of the issuer `aws_iam`: the user whose access keys are rotated, and who may do it.
import * as z from "zod";
import { closed, variableName } from "./schema-base.ts";

export const AWS_FIELDS: readonly string[] = ["access_key_id", "secret_access_key", "value"];

export const awsIam = closed(
  {
    use: z.literal("aws_iam"),
    user: z
      .string()
      .regex(/^[\w+=,.@-]{1,64}$/)
      .describe("The IAM user's name; one token a user, since AWS allows two keys"),
    access_key_id_variable: variableName
      .optional()
      .describe("Of who may rotate it; AWS_ACCESS_KEY_ID unless given"),
    secret_access_key_variable: variableName
      .optional()
      .describe("AWS_SECRET_ACCESS_KEY unless given"),
    session_token_variable: variableName
      .optional()
      .describe("AWS_SESSION_TOKEN, where that is set, unless given"),
    partition: z.enum(["aws", "aws-cn", "aws-us-gov"]).optional().describe("aws unless given"),
    region: z
      .string()
      .regex(/^[a-z]{2}(?:-[a-z]+)+-\d$/)
      .optional()
      .describe("Where the new key is tried (STS); the partition's first unless given"),
    endpoint: z
      .string()
      .regex(/^https?:\/\/[\w.[\]:-]+$/)
      .optional()
      .describe("In place of AWS's own, for IAM and STS; https, or this machine"),
  },
  { description: "An access key of an IAM user of AWS" },
);
