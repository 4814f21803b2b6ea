// The destinations that a token may declare: one shape each.
import * as z from "zod";
import { closed, repository, secretName } from "./schema-base.ts";

const SECRET_APPS = ["actions", "dependabot", "codespaces", "agents"] as const;
const VISIBILITIES = ["all", "private", "selected"] as const;
const FILE_FORMATS = ["files", "dotenv", "json"] as const;

// Parts of a URL: `.` and `..` would lead elsewhere. The other characters are those that GitHub refuses.
const ENVIRONMENT_PATTERN = /^(?!\.{1,2}$)[^\p{Cc}'"`,;\\]{1,255}$/u;
const ORGANIZATION_PATTERN = /^[A-Za-z0-9_-]{1,100}$/;
const REPOSITORY_NAME_PATTERN = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$/;
// Absolute, or without a part that is empty, `.` or `..`; what else is refused depends on what is there (src/adapters/local/inside.ts).
const FILE_PATTERN =
  /^(?:\/|[A-Za-z]:[\\/]|(?!(?:.*\/)?\.{1,2}(?:\/|$))(?!.*\/\/+[^/])(?!.*[\\:])[^/\p{Cc}])\P{Cc}*$/u;
/** The longest path that Linux accepts. */
const MAX_PATH_LENGTH = 4096;

const secret = z
  .union([secretName, z.record(secretName, z.string().min(1))])
  .describe("The secret's name there; or a map from secret name to the credential's field");
const ofRepository = { repository: repository.optional(), secret: secret.optional() };

export const destination = z
  .discriminatedUnion("to", [
    closed(
      { to: z.literal("actions"), ...ofRepository },
      { description: "A repository's Actions secret" },
    ),
    closed(
      {
        to: z.literal("environment"),
        environment: z.string().regex(ENVIRONMENT_PATTERN).describe("The environment's name"),
        ...ofRepository,
      },
      { description: "A secret of one deployment environment" },
    ),
    closed(
      {
        to: z.literal("organization"),
        organization: z.string().regex(ORGANIZATION_PATTERN).describe("The organization's login"),
        app: z.enum(SECRET_APPS).optional().describe("Whose secret it is (default: actions)"),
        visibility: z
          .enum(VISIBILITIES)
          .optional()
          .describe(
            "Which of its repositories may read it (default: as it stands on GitHub; private for a new secret)",
          ),
        repositories: z
          .array(z.string().regex(REPOSITORY_NAME_PATTERN))
          .min(1)
          .optional()
          .describe(
            "The selected repositories, by name without the owner (default: as they stand on GitHub)",
          ),
        secret: secret.optional(),
      },
      { description: "An organization's secret" },
    ),
    closed(
      { to: z.literal("dependabot"), ...ofRepository },
      { description: "A secret that Dependabot's runs see" },
    ),
    closed(
      { to: z.literal("codespaces"), ...ofRepository },
      { description: "A secret that codespaces see" },
    ),
    closed(
      { to: z.literal("agents"), ...ofRepository },
      { description: "A secret that Copilot's cloud agent sees" },
    ),
    closed(
      { to: z.literal("vault"), secret: secret.optional() },
      { description: "The encrypted vault beside a local record" },
    ),
    closed(
      {
        to: z.literal("file"),
        path: z
          .string()
          .min(1)
          .max(MAX_PATH_LENGTH)
          .regex(FILE_PATTERN)
          .describe(
            "A folder for one file per secret, or the file; relative to the record's folder",
          ),
        format: z
          .enum(FILE_FORMATS)
          .optional()
          .describe(
            'One file per secret (files), or one file for all: KEY="value" lines (dotenv) or a JSON object (default: files)',
          ),
        secret: secret.optional(),
      },
      { description: "Files that containers read, beside a local record" },
    ),
  ])
  .describe("Where consumers read the credential");

export type DestinationDeclaration = z.infer<typeof destination>;

/** The names of all destinations. */
export const DESTINATIONS: readonly DestinationDeclaration["to"][] = destination.options.map(
  (option) => option.shape.to.value,
);
