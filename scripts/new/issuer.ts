// The starting files of an issuer: a service that speaks HTTP, with the four requests left to write.
import { type NewPart, spellings } from "./plan.ts";

/** @param name as the config says it: `acme_keys` */
export function newIssuer(name: string): NewPart {
  const { file, camel, pascal, constant } = spellings(name);
  const path = `src/adapters/issuers/${file}.ts`;
  return {
    files: {
      [path]: adapter(name),
      [`src/adapters/issuers/${file}.test.ts`]: contractTest(name),
      [`docs/issuers/${name}.md`]: page(name),
    },
    insertions: [
      {
        path: "src/core/model/schema-issuers.ts",
        at: "/** The fields that their credentials have. */",
        side: "before",
        text: `const ${camel}Shape = closed(
  {
    use: z.literal("${name}"),
    url: z
      .string()
      .regex(/^(?:https:\\/\\/[\\w.[\\]:-]+|http:\\/\\/(?:localhost|127\\.0\\.0\\.1)(?::\\d+)?)$/)
      .describe("The address of the service; https, or this machine"),
    key_variable: variableName.describe(
      "The environment variable that holds the key of an administrator",
    ),
  },
  { description: "A key of ${name}" },
);

`,
      },
      {
        path: "src/core/model/schema-issuers.ts",
        at: "    mysql,\n    redis,\n",
        side: "after",
        text: `    ${camel}Shape,\n`,
      },
      {
        path: "src/compose/issuers.ts",
        at: '    case "postgres":\n',
        side: "before",
        text: `    case "${name}": {
      const { ${camel}Issuer } = await import("../adapters/issuers/${file}.ts");
      return ${camel}Issuer({
        url: declaration.url,
        key: variable(declaration.key_variable, context),
        fetch: context.fetch ?? fetch,
      });
    }
`,
      },
      {
        path: "test/house.ts",
        at: /"src\/adapters\/issuers":\s+"/,
        side: "after",
        text: `${file} `,
      },
      {
        path: "docs/config.md",
        at: "| [`http`](issuers/http.md) |",
        side: "before",
        text: `| [\`${name}\`](issuers/${name}.md) | a key of ${name} |\n`,
      },
    ],
    next: [
      `Write the four requests in ${path}. Until then \`npx vitest run ${path.replace(".ts", ".test.ts")}\` fails and says which one is missing.`,
      "The test uses the key service of test/key-service.ts. Let it use the real service, or one on port 0 that answers as the real one does.",
      `Change the options: the shape ${camel}Shape in src/core/model/schema-issuers.ts, the type ${pascal}Options, and the case in src/compose/issuers.ts. TypeScript names the places that do not agree.`,
      "If a credential has other fields than `value`, name them in fieldsOf in src/core/model/schema-issuers.ts. The contract compares them.",
      `Describe it in docs/issuers/${name}.md and in the table of docs/config.md. The example there is checked by test/docs.test.ts, with ${constant}_KEY as its variable.`,
    ],
  };
}

function adapter(name: string): string {
  const { file, camel, pascal } = spellings(name);
  return `// The issuer of keys of ${name}.
import { Misconfigured } from "../../core/base/errors.ts";
import { Secret } from "../../core/base/secret.ts";
import type { Credential, Issuer } from "../../core/ports/issuer.ts";

// Options

export type ${pascal}Options = {
  /** The address of the service. */
  readonly url: string;
  /** The key of an administrator, which makes and deletes other keys. */
  readonly key: Secret;
  readonly fetch: typeof fetch;
};

// Constants

/** How long the service may take until it accepts a new key, in milliseconds. */
const SETTLES_WITHIN_MS = 0;

// Errors

function notWritten(request: string, task: string): Misconfigured {
  return new Misconfigured(\`the request \${request} of the issuer ${name} is not written yet\`, {
    code: "not-written",
    hint: \`Write it in src/adapters/issuers/${file}.ts: \${task}\`,
  });
}

// Factory

/** Each member throws what its request throws: \`Misconfigured\`, \`Denied\`, \`Unchanged\` or \`Uncertain\`. */
export function ${camel}Issuer(options: ${pascal}Options): Issuer {
  return {
    async issue({ label, signal }) {
      const { id, value } = await createKey(options, label, signal);
      return credentialOf(id, value);
    },
    async check({ fields }, signal) {
      const { value } = fields;
      if (value === undefined) return { verdict: "unknown", detail: "it has no value" };
      return (await works(options, value, signal))
        ? { verdict: "works", detail: null }
        : { verdict: "refused", detail: "the service does not accept it" };
    },
    async revoke(ref) {
      await deleteKey(options, ref);
    },
    async find(label) {
      const keys = await listKeys(options);
      return keys.filter((key) => key.label === label).map(({ id }) => id);
    },
  };
}

// Helpers

function credentialOf(id: string, value: string): Credential {
  return {
    fields: { value: new Secret(value) },
    ref: id,
    entropyBits: null,
    expiresAt: null,
    settlesWithinMs: SETTLES_WITHIN_MS,
    warnings: [],
  };
}

async function createKey(
  _options: ${pascal}Options,
  _label: string,
  _signal: AbortSignal,
): Promise<{ readonly id: string; readonly value: string }> {
  throw notWritten("createKey", "ask for a key with that label, and read its id and its value.");
}

async function works(_options: ${pascal}Options, _value: Secret, _signal: AbortSignal): Promise<boolean> {
  throw notWritten("works", "make a harmless request with the key. 401 means that it does not work.");
}

async function deleteKey(_options: ${pascal}Options, _id: string): Promise<void> {
  throw notWritten("deleteKey", "delete the key with that id. A key that is gone is a success.");
}

async function listKeys(
  _options: ${pascal}Options,
): Promise<readonly { readonly id: string; readonly label: string }[]> {
  throw notWritten("listKeys", "list all keys with their ids and labels, all pages of them.");
}
`;
}

function contractTest(name: string): string {
  const { file, camel, constant } = spellings(name);
  return `// The issuer of keys of ${name}, by the contract of issuers.
import { issuerContract } from "../../../test/issuer-contract.ts";
import { startKeyService } from "../../../test/key-service.ts";
import { Secret } from "../../core/base/secret.ts";
import { fieldsOf } from "../../core/model/schema.ts";
import { ${camel}Issuer } from "./${file}.ts";

const ADMIN = "canary-administrator";
const DECLARATION = {
  use: "${name}",
  url: "https://service.example",
  key_variable: "${constant}_KEY",
} as const;

issuerContract(
  "${name}",
  async () => {
    const service = await startKeyService(ADMIN);
    return {
      issuer: ${camel}Issuer({ url: service.url, key: new Secret(ADMIN), fetch }),
      accepts: async ({ fields }) => service.accepts(fields.value?.reveal()),
      canaries: [ADMIN],
      close: service.close,
    };
  },
  { fields: fieldsOf(DECLARATION) ?? [], live: "many", unknownRef: "key-of-no-one" },
);
`;
}

function page(name: string): string {
  const { constant } = spellings(name);
  return `# The issuer \`${name}\`

Makes a key of ${name}, checks it, and deletes the previous one after the overlap.

\`\`\`json
{
  "version": 1,
  "tokens": {
    "${constant}": {
      "issuer": { "use": "${name}", "url": "https://service.example", "key_variable": "${constant}_KEY" }
    }
  },
  "rules": { "${constant}": { "interval_hours": 720 } }
}
\`\`\`

| option | |
| --- | --- |
| \`url\` | the address of the service |
| \`key_variable\` | the environment variable that holds the key of an administrator |

## Permissions

The administrator's key must be allowed to create, list and delete keys, and nothing else.

## What it cannot do

- Say here what the service does not offer.
`;
}
