// Opens the issuers of keys and of GitHub's own credentials: a part of compose-issuers.ts.
import { type IssuerContext, variable } from "./compose-issuers.ts";
import { Misconfigured } from "./errors.ts";
import type { GitHubClient } from "./github/client.ts";
import type { Issuer } from "./ports.ts";
import type { DeployKeyDeclaration, GenerateDeclaration, GithubAppDeclaration } from "./schema.ts";

/** Throws `Misconfigured` (`no-repository`) where nobody can tell whose variable is meant. */
export async function openGenerate(
  { algorithm, bits, format, publish }: GenerateDeclaration,
  context: IssuerContext,
): Promise<Issuer> {
  const { generateIssuer } = await import("./issuers/generate.ts");
  const pair = { algorithm: algorithm ?? null, bits: bits ?? null, format: format ?? null };
  if (publish === undefined) return generateIssuer({ pair });
  const { fileDocument, publicationOf, variableDocument } = await import(
    "./issuers/publication.ts"
  );
  const form = publish.as ?? (format === "jwk" ? "jwks" : (format ?? "pem"));
  if (publish.to === "file")
    return generateIssuer({
      pair,
      publication: publicationOf(fileDocument(context.store, publish.path), form),
    });
  const repository = publish.repository ?? context.home.repository;
  if (repository === null) throw noRepository("whose variable the public key goes to");
  const document = variableDocument(() => context.client(), { repository, name: publish.name });
  return generateIssuer({ pair, publication: publicationOf(document, form) });
}

/** Throws `Misconfigured`: `no-repository`, `variable-missing`. */
export async function openDeployKey(
  declaration: DeployKeyDeclaration,
  context: IssuerContext,
): Promise<Issuer> {
  const { deployKeyIssuer } = await import("./issuers/deploy-key.ts");
  const repository = declaration.repository ?? context.home.repository;
  if (repository === null) throw noRepository("which repository the deploy key is for");
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
export async function openGithubApp(
  declaration: GithubAppDeclaration,
  context: IssuerContext,
): Promise<Issuer> {
  const { githubAppIssuer } = await import("./issuers/github-app.ts");
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
  return new Misconfigured(`nothing says ${what}`, {
    code: "no-repository",
    hint: 'Add "repository": "owner/name" to it.',
  });
}
