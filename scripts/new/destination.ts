// The starting files of a destination that is not on GitHub, with its three requests left to write.
import { type NewPart, spellings } from "./plan.ts";

/** @param name as the config says it: `acme_store` */
export function newDestination(name: string): NewPart {
  const { file, camel, pascal } = spellings(name);
  const path = `src/adapters/destinations/${file}.ts`;
  return {
    files: {
      [path]: adapter(name),
      [`src/adapters/destinations/${file}.test.ts`]: contractTest(name),
    },
    insertions: [
      {
        path: "src/core/model/schema-destinations.ts",
        at: `    closed(
      {
        to: z.literal("file"),`,
        side: "before",
        text: `    closed(
      {
        to: z.literal("${name}"),
        url: z
          .string()
          .regex(/^(?:https:\\/\\/[\\w.[\\]:-]+|http:\\/\\/(?:localhost|127\\.0\\.0\\.1)(?::\\d+)?)$/)
          .describe("The address of the service; https, or this machine"),
        secret: secret.optional(),
      },
      { description: "A secret in ${name}" },
    ),
`,
      },
      {
        path: "src/core/model/scope.ts",
        at: 'export type Scope = GitHubScope | FileScope | { readonly kind: "vault" }',
        side: "after",
        text: ` | ${pascal}Scope`,
      },
      {
        path: "src/core/model/scope.ts",
        at: "/** One scope with a key and secrets of its own. */",
        side: "before",
        text: `/** Secrets in ${name}. */
type ${pascal}Scope = { readonly kind: "${name}"; readonly url: string };

`,
      },
      {
        path: "src/core/model/scope.ts",
        at: '      return "vault:local";\n',
        side: "after",
        text: `    case "${name}":\n      return \`${name}:\${scope.url}\`;\n`,
      },
      {
        path: "src/core/model/scope.ts",
        at: '      return { kind: "vault" };\n',
        side: "after",
        text: `    case "${name}":\n      return { kind: "${name}", url: destination.url };\n`,
      },
      {
        path: "src/compose/destinations.ts",
        at: "    default: {\n",
        side: "before",
        text: `    case "${name}": {
      const { ${camel}Destination } = await import("../adapters/destinations/${file}.ts");
      return ${camel}Destination({ url: scope.url });
    }
`,
      },
      {
        path: "test/house.ts",
        at: /"src\/adapters\/destinations":\s+"/,
        side: "after",
        text: `${file} `,
      },
      {
        path: "docs/destinations.md",
        at: "## What exists already\n",
        side: "before",
        text: `## \`${name}\`

A secret in ${name}. \`url\` is the address of the service.

\`\`\`json
{
  "version": 1,
  "tokens": { "API_KEY": { "destinations": [{ "to": "${name}", "url": "https://service.example" }] } }
}
\`\`\`

`,
      },
    ],
    next: [
      `Write the three requests in ${path}. Until then \`npx vitest run ${path.replace(".ts", ".test.ts")}\` fails and says which one is missing.`,
      "Let the test start the service, or one on port 0 that answers as it does, and read a secret as a consumer reads it.",
      `Change the options: the shape in src/core/model/schema-destinations.ts, ${pascal}Scope in src/core/model/scope.ts, and the case in src/compose/destinations.ts. TypeScript names the places that do not agree.`,
      "Describe it in docs/destinations.md. The example there is checked by test/docs.test.ts.",
    ],
  };
}

function adapter(name: string): string {
  const { file, camel, pascal } = spellings(name);
  return `// The destination for secrets in ${name}.
import { Misconfigured } from "../../core/base/errors.ts";
import type { Destination, PublicKey, SealedBox, SecretInfo } from "../../core/ports/destination.ts";

// Options

export type ${pascal}Options = {
  /** The address of the service. */
  readonly url: string;
};

// Constants

// The limits of the service belong here, each with its unit and its source.

// Errors

function notWritten(request: string, task: string): Misconfigured {
  return new Misconfigured(\`the request \${request} of the destination ${name} is not written yet\`, {
    code: "not-written",
    hint: \`Write it in src/adapters/destinations/${file}.ts: \${task}\`,
  });
}

// Factory

/** Each member throws what its request throws: \`Misconfigured\`, \`Denied\`, \`Unchanged\` or \`Uncertain\`. */
export function ${camel}Destination(options: ${pascal}Options): Destination {
  let key: Promise<PublicKey> | null = null;
  return {
    publicKey() {
      key ??= fetchKey(options).catch((error: unknown) => {
        key = null;
        throw error;
      });
      return key;
    },
    async admit() {
      return new Map();
    },
    async put(secretName, box, { signal } = {}) {
      signal?.throwIfAborted();
      await writeSecret(options, secretName, box);
    },
    list: () => readSecrets(options),
  };
}

// Helpers

async function fetchKey(_options: ${pascal}Options): Promise<PublicKey> {
  throw notWritten("fetchKey", "ask for the public key to seal with, 32 bytes in base64, and its id.");
}

async function writeSecret(_options: ${pascal}Options, _name: string, _box: SealedBox): Promise<void> {
  throw notWritten("writeSecret", "create or replace the secret. The same box twice changes nothing.");
}

async function readSecrets(_options: ${pascal}Options): Promise<readonly SecretInfo[]> {
  throw notWritten("readSecrets", "list the names of all secrets with their times, all pages of them.");
}
`;
}

function contractTest(name: string): string {
  const { file, camel } = spellings(name);
  return `// The destination for secrets in ${name}, by the contract of destinations.
import { destinationContract } from "../../../test/destination-contract.ts";
import { ${camel}Destination } from "./${file}.ts";

destinationContract("${name}", async () => {
  // Start the service here, and use its address.
  return {
    destination: ${camel}Destination({ url: "http://127.0.0.1:9" }),
    read: async (secretName) => {
      throw new Error(\`read \${secretName} as a consumer does: that part of the test is not written yet\`);
    },
    close: async () => undefined,
  };
});
`;
}
