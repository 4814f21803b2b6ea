// The issuers, each opened when a token needs it.
import type { GitHubClient } from "../adapters/github/client.ts";
import type { AdminUrl } from "../adapters/issuers/connection-url.ts";
import { Misconfigured } from "../core/base/errors.ts";
import { Secret } from "../core/base/secret.ts";
import { placeholdersIn, stringsIn, variableIn } from "../core/config/template.ts";
import { didYouMean } from "../core/model/names.ts";
import {
  type DeployKeyDeclaration,
  type GenerateDeclaration,
  type GithubAppDeclaration,
  ISSUERS,
  type IssuerDeclaration,
  parseIssuer,
} from "../core/model/schema.ts";
import type { Home } from "../core/model/token.ts";
import type { Issuer } from "../core/ports/issuer.ts";
import type { Store } from "../core/ports/store.ts";

/** What issuers need besides their declared options. */
export type IssuerContext = {
  readonly home: Home;
  /** The environment of the process, by name. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** GitHub as the run reaches it, or with the token given. */
  readonly client: (token?: Secret) => Promise<GitHubClient>;
  /** The place of the record. */
  readonly store: Store;
  readonly clock: () => Date;
  /** The folder in which programs that the config names may be run. Null if none may. */
  readonly programs: string | null;
  /** In place of the global one, if requests must go through a proxy. */
  readonly fetch?: typeof fetch;
};

/**
 * Opens the issuer that a token declares, or the one that made a credential by the record.
 * Throws `Misconfigured`: `issuer-unknown`, `issuer-invalid`, `variable-missing`.
 */
export async function openIssuer(
  declared: { readonly use: string },
  context: IssuerContext,
): Promise<Issuer> {
  const parsed = parseIssuer(declared);
  if (parsed === null) throw unusable(declared.use);
  return open(parsed, context);
}

async function open(declaration: IssuerDeclaration, context: IssuerContext): Promise<Issuer> {
  switch (declaration.use) {
    case "generate":
      return openGenerate(declaration, context);
    case "manual":
      return (await import("../adapters/issuers/manual.ts")).manualIssuer(declaration);
    case "deploy_key":
      return openDeployKey(declaration, context);
    case "github_app":
      return openGithubApp(declaration, context);
    case "command": {
      const directory = requirePrograms(context);
      const named = new Map((declaration.env ?? []).map((name) => [name, variable(name, context)]));
      const { commandIssuer } = await import("../adapters/issuers/command.ts");
      return commandIssuer({ declaration, directory, named, variables: context.variables });
    }
    case "http": {
      // Checked before anything is announced. The requests themselves read them when they are sent.
      for (const name of stringsIn(declaration)
        .flatMap(({ text }) => placeholdersIn(text))
        .map(variableIn)) {
        if (name !== null) variable(name, context);
      }
      const { httpIssuer } = await import("../adapters/issuers/http.ts");
      const send = context.fetch ?? fetch;
      return httpIssuer({
        declaration,
        variable: (name) => variable(name, context),
        fetch: send,
        clock: context.clock,
      });
    }
    case "aws_iam": {
      const { awsIamIssuer } = await import("../adapters/issuers/aws-iam.ts");
      return awsIamIssuer({
        declaration,
        admin: awsAdmin(declaration, context),
        fetch: context.fetch ?? fetch,
        clock: context.clock,
      });
    }
    case "postgres":
      return (await import("../adapters/issuers/postgres.ts")).postgresIssuer({
        ...declaration,
        admin: adminUrl(declaration, context),
      });
    case "mysql": {
      const { mysqlIssuer } = await import("../adapters/issuers/mysql.ts");
      return mysqlIssuer({
        ...declaration,
        accountHost: declaration.account_host ?? "%",
        admin: adminUrl(declaration, context),
      });
    }
    case "redis": {
      const { redisIssuer } = await import("../adapters/issuers/redis.ts");
      return redisIssuer({
        ...declaration,
        volatile: declaration.volatile ?? false,
        admin: adminUrl(declaration, context),
      });
    }
  }
}

function adminUrl(
  { admin_url_variable: name }: { readonly admin_url_variable: string },
  context: IssuerContext,
): AdminUrl {
  return { url: variable(name, context), variable: name };
}

function awsAdmin(
  declaration: Extract<IssuerDeclaration, { use: "aws_iam" }>,
  context: IssuerContext,
) {
  const {
    access_key_id_variable: id,
    secret_access_key_variable: secret,
    session_token_variable: session,
  } = declaration;
  // A session belongs to the key beside it, so it does not go with another key.
  const usual =
    id === undefined && context.variables.AWS_SESSION_TOKEN ? "AWS_SESSION_TOKEN" : undefined;
  const token = session ?? usual;
  return {
    accessKeyId: variable(id ?? "AWS_ACCESS_KEY_ID", context),
    secretAccessKey: variable(secret ?? "AWS_SECRET_ACCESS_KEY", context),
    sessionToken: token === undefined ? null : variable(token, context),
  };
}

/** The value of an environment variable that a declaration names. Throws `Misconfigured` (`variable-missing`) if it is missing or empty. */
function variable(name: string, { variables }: Pick<IssuerContext, "variables">): Secret {
  const value = variables[name] ?? "";
  if (value !== "") return new Secret(value);
  throw new Misconfigured(`the environment variable ${name} is not set`, {
    code: "variable-missing",
    hint: `Set it in the environment of this program. In a workflow, set it under the step's env: "${name}: \${{ secrets.${name} }}".`,
  });
}

function requirePrograms({ programs }: IssuerContext): string {
  if (programs !== null) return programs;
  throw new Misconfigured(
    "the issuer command runs a program that the config names, which is not allowed here",
    {
      code: "command-not-allowed",
      hint: "Let the workflow of the record's own repository or the CLI rotate it, or set TOKEN_AUTOMATION_ALLOW_COMMANDS=1 for this program.",
    },
  );
}

function unusable(use: string): Misconfigured {
  const isKnown = ISSUERS.some((name) => name === use);
  if (isKnown) {
    return new Misconfigured(
      `this version does not understand the record's options of the issuer ${use}`,
      {
        code: "issuer-invalid",
        hint: "Declare the token's issuer again, or use the version that wrote the record.",
      },
    );
  }
  return new Misconfigured(`there is no issuer ${JSON.stringify(use)}`, {
    code: "issuer-unknown",
    hint: didYouMean(use, ISSUERS) ?? `Use one of ${ISSUERS.join(", ")}.`,
  });
}

/** Throws `Misconfigured` (`no-repository`) if the repository of the variable is unknown. */
async function openGenerate(
  { algorithm, bits, format, publish }: GenerateDeclaration,
  context: IssuerContext,
): Promise<Issuer> {
  const { generateIssuer } = await import("../adapters/issuers/generate.ts");
  const pair = { algorithm: algorithm ?? null, bits: bits ?? null, format: format ?? null };
  if (publish === undefined) return generateIssuer({ pair });
  const { fileDocument, publicationOf, variableDocument } = await import(
    "../adapters/issuers/publication.ts"
  );
  const form = publish.as ?? (format === "jwk" ? "jwks" : (format ?? "pem"));
  if (publish.to === "file")
    return generateIssuer({
      pair,
      publication: publicationOf(fileDocument(context.store, publish.path), form),
    });
  const repository = publish.repository ?? context.home.repository;
  if (repository === null) throw noRepository("the repository of the public key's variable");
  const document = variableDocument(() => context.client(), { repository, name: publish.name });
  return generateIssuer({ pair, publication: publicationOf(document, form) });
}

/** Throws `Misconfigured`: `no-repository`, `variable-missing`. */
async function openDeployKey(
  declaration: DeployKeyDeclaration,
  context: IssuerContext,
): Promise<Issuer> {
  const { deployKeyIssuer } = await import("../adapters/issuers/deploy-key.ts");
  const repository = declaration.repository ?? context.home.repository;
  if (repository === null) throw noRepository("the deploy key's repository");
  const token =
    declaration.token_variable === undefined
      ? undefined
      : variable(declaration.token_variable, context);
  let made: Promise<GitHubClient> | null = null;
  const client = () => {
    made ??= context.client(token).catch((error: unknown) => {
      made = null;
      throw error;
    });
    return made;
  };
  return deployKeyIssuer({ client, repository, readOnly: declaration.read_only ?? true });
}

/** Throws `Misconfigured`: `variable-missing`, `private-key-invalid`. */
async function openGithubApp(
  declaration: GithubAppDeclaration,
  context: IssuerContext,
): Promise<Issuer> {
  const { githubAppIssuer } = await import("../adapters/issuers/github-app.ts");
  const privateKey = variable(declaration.private_key_variable, context);
  const owner = declaration.owner ?? context.home.repository?.split("/")[0] ?? null;
  return githubAppIssuer({
    declaration,
    privateKey,
    owner,
    client: context.client,
    clock: context.clock,
  });
}

function noRepository(what: string): Misconfigured {
  return new Misconfigured(`${what} is not known`, {
    code: "no-repository",
    hint: 'Add "repository": "owner/name" to it.',
  });
}
