// The shapes of the issuers of keys, of GitHub's own credentials, and of values that people make.
import * as z from "zod";
import {
  closed,
  KEY_ALGORITHMS,
  KEY_FORMATS,
  RSA_SIZES,
  repository,
  variableName,
} from "./schema-base.ts";

/** How published keys are written down: each form holds several. */
const PUBLISHED_FORMS = ["pem", "openssh", "jwks"] as const;

/** The longest lead of a reminder, in days. */
const MAX_LEAD_DAYS = 365;
/** GitHub's limit on the repositories that one installation token may name. */
const MAX_REPOSITORIES = 500;

const as = z
  .enum(PUBLISHED_FORMS)
  .optional()
  .describe("How the public keys are written there (default: the private key's format)");
const publish = z
  .discriminatedUnion("to", [
    closed(
      {
        to: z.literal("variable"),
        name: variableName.describe("The variable's name"),
        repository: repository.optional(),
        as,
      },
      { description: "A repository's Actions variable" },
    ),
    closed(
      {
        to: z.literal("file"),
        path: z
          .string()
          .min(1)
          .max(500)
          .regex(/^(?!\/)(?!.*(?:^|\/)\.{1,2}(?:\/|$))(?!.*\/\/)(?!\.git\/)[^\\\0]*[^\\/\0]$/)
          .describe("From the repository's root, with forward slashes"),
        as,
      },
      { description: "A file in the record's repository" },
    ),
  ])
  .describe(
    "Where the public keys are published: the new one before the private key is placed, the old one until it is revoked",
  );

export const generate = closed(
  {
    use: z.literal("generate"),
    algorithm: z
      .enum(KEY_ALGORITHMS)
      .optional()
      .describe("The algorithm of a key_pair (default: ed25519)"),
    bits: z.literal(RSA_SIZES).optional().describe("The size of an RSA key (default: 3072)"),
    format: z
      .enum(KEY_FORMATS)
      .optional()
      .describe("The format of a key_pair's private key (default: pem)"),
    publish: publish.optional(),
  },
  { description: "Makes random values and key pairs; this is the default" },
);

export const manual = closed(
  {
    use: z.literal("manual"),
    owner: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .describe("Who makes the new value: a name, a team, @someone"),
    steps: z
      .array(z.string().min(1).max(1000))
      .max(50)
      .optional()
      .describe("What to do, in order, to make a new value"),
    url: z
      .string()
      .regex(/^https?:\/\/\S{1,2000}$/)
      .optional()
      .describe("The page where it is made"),
    remind: z
      .enum(["issue", "notification"])
      .optional()
      .describe("How the owner is reminded (default: issue, if the repository is known)"),
    lead_days: z
      .number()
      .min(0)
      .max(MAX_LEAD_DAYS)
      .optional()
      .describe("How many days before the value is due the reminder comes (default: 7)"),
  },
  { description: "A person makes the value and hands it in; a reminder comes when it is due" },
);

export const deployKey = closed(
  {
    use: z.literal("deploy_key"),
    repository: repository.optional(),
    read_only: z.boolean().optional().describe("Whether the key may only read (default: true)"),
    token_variable: variableName
      .optional()
      .describe(
        "The environment variable with a GitHub token that has Administration: write there (default: the run's own token)",
      ),
  },
  { description: "An Ed25519 deploy key of a repository" },
);

export const githubApp = closed(
  {
    use: z.literal("github_app"),
    app: z
      .string()
      .min(1)
      .max(100)
      .regex(/^[\w.-]+$/)
      .describe("The App's client id, or its numeric id"),
    private_key_variable: variableName.describe(
      "The environment variable with the App's private key, in PEM",
    ),
    installation: z
      .int()
      .min(1)
      .optional()
      .describe("The installation's id (default: the owner's installation)"),
    owner: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,100}$/)
      .optional()
      .describe(
        "The account whose installation it is (default: the owner of the record's repository)",
      ),
    repositories: z
      .array(z.string().regex(/^[A-Za-z0-9._-]{1,100}$/))
      .min(1)
      .max(MAX_REPOSITORIES)
      .describe("The names, without the owner, of the repositories that the token reaches"),
    permissions: z
      .record(z.string().regex(/^[a-z_]{1,100}$/), z.enum(["read", "write", "admin"]))
      .refine((permissions) => Object.keys(permissions).length > 0, "names no permission")
      .meta({ minProperties: 1 })
      .describe('What the token may do there, as in GitHub\'s API: {"contents": "read"}'),
  },
  {
    description:
      "An installation token of a GitHub App, limited to repositories and permissions; it lives one hour",
  },
);

export type GenerateDeclaration = z.infer<typeof generate>;
export type ManualDeclaration = z.infer<typeof manual>;
export type DeployKeyDeclaration = z.infer<typeof deployKey>;
export type GithubAppDeclaration = z.infer<typeof githubApp>;
