// The house as data: its rooms, their doors, and the exceptions to its rules, each with its reason.

/** Folders of `src/core/`, and `app` for `src/core/app.ts`. A room imports earlier ones only. */
const CORE: readonly string[] = [
  "base",
  "schedule",
  "model",
  "ports",
  "credentials",
  "config",
  "record",
  "rotation",
  "plan",
  "proof",
  "run",
  "health",
  "advice",
  "changes",
  "discovery",
  "audit",
  "migration",
  "app",
];

/** What each room outside core may import beside itself and core. */
const IMPORTS: Readonly<Record<string, readonly string[]>> = {
  "src/adapters": [],
  "src/compose": ["src/adapters"],
  "src/http": ["src/compose"],
  "src/mcp": ["src/compose", "src/http"],
  functions: ["src/http", "src/mcp"],
  // `serve` and `mcp` serve the functions.
  "src/cli": ["src/compose", "src/http", "src/mcp", "functions"],
  action: ["src/compose"],
};

/** The files of each folder that other folders may import, by their names without `.ts`. */
const DOORS: Readonly<Record<string, string>> = {
  "src/core/base": "bounded-body errors immutable instant project reported-error secret showable",
  "src/core/schedule": "schedule",
  "src/core/model": "names schema schema-base schema-state scope token workflow",
  "src/core/ports":
    "approvals copies destination issuer notifier record-versions report store workflow-run workflow-runs",
  "src/core/credentials": "fingerprint generate key-pair seal secret-value",
  "src/core/config":
    "agent-change agent-rules edit first-version json-schema mistake parse shape syntax template",
  "src/core/record": "history read-history record request-mark",
  "src/core/rotation": "event lease state",
  "src/core/plan": "claims condition due plan waiting wrong-clock",
  "src/core/proof": "observe verify",
  "src/core/run": "context request run-once",
  "src/core/health": "health overview shapes status suggest",
  "src/core/advice": "advice advise question",
  "src/core/changes": "abort plan-change set-up shapes",
  "src/core/discovery": "adopt discover shapes surroundings",
  "src/core/audit": "audit version",
  "src/core/migration": "history migrate",
  "src/core": "app",
  "src/adapters/advisors": "chat-completions",
  "src/adapters/approvals": "github-issue github-pull",
  "src/adapters/destinations": "file github vault",
  "src/adapters/github":
    "client commit errors folder pages quoted record-versions repository snapshot surroundings workflow-runs",
  "src/adapters/issuers":
    "aws-iam command connection-url deploy-key generate github-app http manual mysql postgres publication redis",
  "src/adapters/local":
    "atomic-file child-program commit commit-files exec file-lock git inside list-files record-versions replace-files repository",
  "src/adapters/notifiers": "failure-issue reminder-issue webhook",
  "src/adapters/stores": "github github-copies local local-reader",
  "src/compose": "compose environment local record-location",
  "src/http": "badge change-input dispatch document endpoint markup",
  "src/http/access":
    "authenticate caller cors edge environment memory open-edge origin overall rate-limit",
  "src/http/input": "body idempotency-key inputs path-names",
  "src/http/openapi": "agent-schemas openapi operations",
  "src/http/page": "endpoint frame page timeline view",
  "src/http/problem": "problem shorten",
  "src/http/reply": "outcome paging replies",
  "src/http/server": "router serve",
  "src/mcp": "http stdio",
  functions:
    "apply badge discover generate git-commit health healthz mcp openapi page plan public-badge rotate run setup-rotation status suggest workflow-create workflow-run",
  "functions/hosts": "node operations routes",
  "src/cli": "cli program",
  "src/cli/commands":
    "api-key discover generate health history init mcp migrate plan resume rotate run schema serve setup-rule start-scheduler starter status vault verify workflow",
  "src/cli/render": "advice audit discovery failure health report status text verification",
  "src/cli/session":
    "arguments connect environment exit-codes io notices perform-run read-value session",
};

/** Heavy packages, and the one file each that may load them, when it needs them. */
const HEAVY: Readonly<Record<string, readonly string[]>> = {
  "@modelcontextprotocol/": ["src/mcp/http.ts", "src/mcp/server.ts", "src/mcp/stdio.ts"],
  aws4fetch: ["src/adapters/issuers/aws-api.ts"],
  "fast-xml-parser": ["src/adapters/issuers/aws-api.ts"],
  "libsodium-wrappers": ["src/core/credentials/seal.ts"],
  "@octokit/": ["src/adapters/github/client.ts"],
  mysql2: ["src/adapters/issuers/mysql.ts"],
  pg: ["src/adapters/issuers/postgres.ts"],
  "@redis/client": ["src/adapters/issuers/redis.ts"],
  jose: [
    "src/http/access/workflow-identity.ts",
    "src/adapters/issuers/github-app.ts",
    "src/core/credentials/key-pair.ts",
  ],
  sshpk: ["src/core/credentials/key-pair.ts"],
};

/** The files that open a secret, and why they must. */
const REVEALING: Readonly<Record<string, string>> = {
  "action/inputs.ts": "leaves the variable that holds the token out of what is fingerprinted",
  "action/mask.ts": "shows the runner what to hide",
  "functions/generate.ts": "its purpose is to show a value",
  "functions/rotate.ts": "shows the value to a caller with the scope reveal",
  "src/cli/commands/api-key.ts": "its purpose is to show a key, once",
  "src/adapters/advisors/chat-completions.ts": "authenticates",
  "src/cli/commands/generate.ts": "its purpose is to show a value",
  "src/cli/commands/rotate.ts": "--show",
  "src/cli/commands/vault.ts": "get",
  "src/adapters/issuers/connection-url.ts":
    "writes a consumer's URL, and reads the administrator's",
  "src/adapters/issuers/database.ts": "writes the user into the URL that it logs in by",
  "src/adapters/destinations/file.ts": "writes the file that containers read",
  "src/adapters/destinations/local-keys.ts": "refuses an empty value",
  "src/adapters/destinations/vault-key.ts": "derives the vault's keys, and writes the key file",
  "src/adapters/local/exec.ts": "hands values to the command's environment",
  "src/core/credentials/fingerprint.ts": "digests",
  "src/adapters/github/client.ts": "authenticates",
  "src/adapters/issuers/aws-api.ts": "signs",
  "src/adapters/issuers/command-protocol.ts":
    "takes values out of what a program says before it is shown",
  "src/adapters/issuers/command.ts":
    "hands values to the program, on its standard input and in the variables that were named",
  "src/adapters/issuers/mysql.ts": "logs in, and sends or derives what the server keeps",
  "src/adapters/issuers/postgres.ts": "logs in, and derives what the server keeps",
  "src/adapters/issuers/redis.ts": "logs in, and digests what the server keeps",
  "src/core/credentials/generate.ts": "counts a private key's characters",
  "src/adapters/issuers/deploy-key.ts": "compares public keys",
  "src/adapters/issuers/generate.ts": "compares public keys",
  "src/core/credentials/key-pair.ts": "reads an App's private key",
  "src/adapters/issuers/http.ts":
    "writes values into the headers and bodies that the config describes",
  "src/adapters/notifiers/webhook.ts": "the URL and the key of its signature",
  "src/core/credentials/seal.ts": "seals",
  "src/core/credentials/secret-value.ts": "judges a value before it is placed",
};

/** Short files with one importer, or folders of them, and why they stand alone. */
const SMALL: Readonly<Record<string, string>> = {
  "functions/": "one route a file: hosts deploy them by their names",
  "src/cli/commands/": "one command a file, named as people type it",
  "src/cli/render/": "one result a file: commands return data, and text is made here",
  "src/compose/": "one port a file: how its adapters are opened",
  "src/adapters/approvals/": "one adapter a file, loaded when it is used",
  "src/adapters/issuers/": "one adapter a file, loaded when it is used",
  "src/adapters/stores/": "one adapter a file, loaded when it is used",
  "src/adapters/local/": "loaded by compose when the record is a work tree",
  "src/core/advice/advise.ts": "the face of the room, over the question and the answer",
  "src/core/run/place.ts": "a phase of the run",
  "src/http/page/assets.ts": "generated",
  "src/http/page/client/": "one behaviour of the page a file; the folder is bundled for browsers",
  "src/mcp/": "one kind of offer or transport a file, as the protocol divides them",
  "action/startup.ts": "it must be the first that main.ts loads",
  "action/mask.ts": "security: what the runner must hide, read by itself in a review",
  "scripts/": "one generated thing a file",
};

/** Words that `src/core/base/` exports no name with: the vocabulary of the product. */
const VOCABULARY = [
  "token",
  "credential",
  "generation",
  "fingerprint",
  "issuer",
  "provider",
  "destination",
  "consumer",
  "grant",
  "record",
  "rule",
  "workflow",
  "run",
  "plan",
  "report",
  "journal",
  "history",
  "proof",
  "drift",
  "store",
];

/** What the functions import of core: beside src/http and src/mcp, only what makes and names values. */
const FUNCTIONS_CORE = [
  "src/core/credentials/fingerprint.ts",
  "src/core/credentials/generate.ts",
  "src/core/model/token.ts",
];

/** Modules of Node.js that reach nothing: digests and random bytes. */
const PURE_MODULES = ["node:crypto", "node:util"];

type House = {
  readonly core: readonly string[];
  readonly trees: readonly string[];
  /** Folders that build or test the product: they may import all of it, and nothing of it imports them. */
  readonly tools: readonly string[];
  readonly imports: Readonly<Record<string, readonly string[]>>;
  readonly functionsCore: readonly string[];
  readonly doors: Readonly<Record<string, string>>;
  readonly vocabulary: readonly string[];
  /** The most lines of a file. */
  readonly longest: number;
  /** A file with fewer lines and one importer is a part of that file, if no reason is listed. */
  readonly short: number;
  readonly pureModules: readonly string[];
  readonly heavy: Readonly<Record<string, readonly string[]>>;
  readonly revealing: Readonly<Record<string, string>>;
  readonly small: Readonly<Record<string, string>>;
};

export const HOUSE: House = {
  core: CORE,
  trees: ["src/core", "src/adapters", "src/compose", "src/http", "src/cli", "src/mcp"],
  tools: ["scripts", "test", "bench"],
  imports: IMPORTS,
  functionsCore: FUNCTIONS_CORE,
  doors: DOORS,
  vocabulary: VOCABULARY,
  longest: 350,
  short: 60,
  pureModules: PURE_MODULES,
  heavy: HEAVY,
  revealing: REVEALING,
  small: SMALL,
};
