// The destinations that a token may declare: one shape each.
import * as z from "zod";
import { closed, repository, secretName } from "./schema-base.ts";

export const DESTINATIONS = ["actions", "vault"] as const;

const secret = z
  .union([secretName, z.record(secretName, z.string().min(1))])
  .describe("The secret's name there; or a map from secret name to the credential's field");

export const destination = z
  .discriminatedUnion("to", [
    closed(
      { to: z.literal("actions"), repository: repository.optional(), secret: secret.optional() },
      { description: "A repository's Actions secret" },
    ),
    closed({ to: z.literal("vault"), secret: secret.optional() }, { description: "The encrypted vault beside a local record" }),
  ])
  .describe("Where consumers read the credential");

export type DestinationDeclaration = z.infer<typeof destination>;
