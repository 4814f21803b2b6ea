// Opens the issuers: with compose.ts and compose-destinations.ts the only files that name adapters.
import type { AdminUrl } from "./connection-url.ts";
import { Misconfigured } from "./errors.ts";
import type { GitHubClient } from "./github/client.ts";
import { didYouMean } from "./names.ts";
import type { Issuer, Store } from "./ports.ts";
import { ISSUERS, type IssuerDeclaration, parseIssuer } from "./schema.ts";
import { Secret } from "./secret.ts";
import { placeholdersIn, stringsIn, variableIn } from "./template.ts";
import type { Home } from "./token.ts";

/** What issuers need beside their declared options. */
export type IssuerContext = {
  readonly home: Home;
  /** The environment of the process, by name. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** GitHub as the run reaches it, or as that token does. */
  readonly client: (token?: Secret) => Promise<GitHubClient>;
  /** Where the record lives. */
  readonly store: Store;
  readonly clock: () => Date;
  /** The folder in which programs that the config names may be run; null where none may. */
  readonly programs: string | null;
  /** In place of the global one, where requests must go through a proxy. */
  readonly fetch?: typeof fetch;
};

/**
 * Opens the issuer that a token declares, or that the record says made a credential.
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
      return (await import("./compose-keys.ts")).openGenerate(declaration, context);
    case "manual":
      return (await import("./issuers/manual.ts")).manualIssuer(declaration);
    case "deploy_key":
      return (await import("./compose-keys.ts")).openDeployKey(declaration, context);
    case "github_app":
      return (await import("./compose-keys.ts")).openGithubApp(declaration, context);
    case "command": {
      const directory = requirePrograms(context);
      const named = new Map((declaration.env ?? []).map((name) => [name, variable(name, context)]));
      const { commandIssuer } = await import("./issuers/command.ts");
      return commandIssuer({ declaration, directory, named, variables: context.variables });
    }
    case "http": {
      // Before anything is announced; the requests themselves read them when they are sent.
      for (const name of stringsIn(declaration)
        .flatMap(({ text }) => placeholdersIn(text))
        .map(variableIn)) {
        if (name !== null) variable(name, context);
      }
      const { httpIssuer } = await import("./issuers/http.ts");
      const send = context.fetch ?? fetch;
      return httpIssuer({
        declaration,
        variable: (name) => variable(name, context),
        fetch: send,
        clock: context.clock,
      });
    }
    case "aws_iam": {
      const { awsIamIssuer } = await import("./issuers/aws-iam.ts");
      return awsIamIssuer({
        declaration,
        admin: awsAdmin(declaration, context),
        fetch: context.fetch ?? fetch,
        clock: context.clock,
      });
    }
    case "postgres":
      return (await import("./issuers/postgres.ts")).postgresIssuer({
        ...declaration,
        admin: adminUrl(declaration, context),
      });
    case "mysql": {
      const { mysqlIssuer } = await import("./issuers/mysql.ts");
      return mysqlIssuer({
        ...declaration,
        accountHost: declaration.account_host ?? "%",
        admin: adminUrl(declaration, context),
      });
    }
    case "redis": {
      const { redisIssuer } = await import("./issuers/redis.ts");
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
  // A session belongs to the key beside it, so it is not taken for one that was named.
  const usual =
    id === undefined && context.variables.AWS_SESSION_TOKEN ? "AWS_SESSION_TOKEN" : undefined;
  const token = session ?? usual;
  return {
    accessKeyId: variable(id ?? "AWS_ACCESS_KEY_ID", context),
    secretAccessKey: variable(secret ?? "AWS_SECRET_ACCESS_KEY", context),
    sessionToken: token === undefined ? null : variable(token, context),
  };
}

/** What an environment variable that a declaration names holds. Throws `Misconfigured` (`variable-missing`); a set but empty one is missing too. */
export function variable(name: string, { variables }: Pick<IssuerContext, "variables">): Secret {
  const value = variables[name] ?? "";
  if (value !== "") return new Secret(value);
  throw new Misconfigured(`the environment variable ${name} is not set`, {
    code: "variable-missing",
    hint: `Set it where this runs; in a workflow, under the step's env: "${name}: \${{ secrets.${name} }}".`,
  });
}

function requirePrograms({ programs }: IssuerContext): string {
  if (programs !== null) return programs;
  throw new Misconfigured(
    "the issuer command runs a program that the config names, which is not allowed here",
    {
      code: "command-not-allowed",
      hint: "Let the workflow of the record's own repository or the CLI rotate it, or set TOKEN_AUTOMATION_ALLOW_COMMANDS=1 where this runs.",
    },
  );
}

function unusable(use: string): Misconfigured {
  const isKnown = ISSUERS.some((name) => name === use);
  if (isKnown) {
    return new Misconfigured(
      `the record's options of the issuer ${use} are none that this version understands`,
      {
        code: "issuer-invalid",
        hint: "Declare the token's issuer anew, or use the version that wrote the record.",
      },
    );
  }
  return new Misconfigured(`there is no issuer ${JSON.stringify(use)}`, {
    code: "issuer-unknown",
    hint: didYouMean(use, ISSUERS) ?? `Use one of ${ISSUERS.join(", ")}.`,
  });
}
