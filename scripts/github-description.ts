// GitHub's own OpenAPI and GraphQL descriptions, cut down to what the tests' GitHub answers.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { SERVED_OPERATIONS } from "../test/github/answer.ts";
import { SERVED_FIELDS } from "../test/github/served-fields.ts";
import { cutGraphql, fieldsOf } from "./cut-graphql.ts";
import { cutOpenapi } from "./cut-openapi.ts";

/** 385 MB unpacked. It is fetched for a new cut only, and only one file of it is unpacked. */
const OPENAPI = { name: "@octokit/openapi", version: "23.0.2" };
const GRAPHQL = { name: "@octokit/graphql-schema", version: "15.26.1" };
const OPENAPI_PATH = "test/github/github-openapi.json";
const GRAPHQL_PATH = "test/github/github-schema.graphql";

const run = promisify(execFile);
const label = ({ name, version }: typeof OPENAPI) => `${name}@${version}`;
const sdlHead = `# Cut out of ${label(GRAPHQL)} by npm run generate -- --github\n\n`;

/** Whether both cuts are of the pinned versions and hold exactly what the server answers. */
export async function staleDescriptions(root: string): Promise<string[]> {
  const { from, operations } = JSON.parse(await readFile(join(root, OPENAPI_PATH), "utf8"));
  const sdl = await readFile(join(root, GRAPHQL_PATH), "utf8");
  const same = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);
  const stale: string[] = [];
  if (from !== label(OPENAPI) || !same(Object.keys(operations).sort(), SERVED_OPERATIONS))
    stale.push(OPENAPI_PATH);
  if (!sdl.startsWith(sdlHead) || !same(fieldsOf(sdl), servedFields())) stale.push(GRAPHQL_PATH);
  return stale;
}

function servedFields(): string[] {
  return Object.entries(SERVED_FIELDS)
    .flatMap(([type, fields]) => fields.split(" ").map((field) => `${type}.${field}`))
    .sort();
}

/** One file of a published package. */
async function fetchFile(source: typeof OPENAPI, path: string, folder: string): Promise<string> {
  const packing = ["pack", label(source), "--pack-destination", folder, "--json"];
  const { stdout } = await run("npm", packing);
  const archive = join(folder, JSON.parse(stdout)[0].filename);
  await run("tar", ["-xzf", archive, "-C", folder, `package/${path}`]);
  return readFile(join(folder, "package", path), "utf8");
}

/**
 * Fetches GitHub's descriptions and writes both cuts below `root`.
 * @returns a line about each file
 * @throws Error if GitHub describes no such operation or field
 */
export async function writeDescriptions(root: string): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), "github-description-"));
  try {
    const openapi = await fetchFile(OPENAPI, "generated/api.github.com.json", folder);
    const cut = cutOpenapi(openapi, SERVED_OPERATIONS, label(OPENAPI));
    await writeFile(join(root, OPENAPI_PATH), cut);
    const sdl = await fetchFile(GRAPHQL, "schema.graphql", folder);
    await writeFile(join(root, GRAPHQL_PATH), sdlHead + cutGraphql(sdl, SERVED_FIELDS));
    return [
      `${OPENAPI_PATH} written: ${SERVED_OPERATIONS.length} operations`,
      `${GRAPHQL_PATH} written: ${servedFields().length} fields`,
    ];
  } finally {
    await rm(folder, { recursive: true });
  }
}
