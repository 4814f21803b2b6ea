// The address of the published project, which no other file names.

/** OWNER/NAME on GitHub. */
const REPOSITORY = "token-automation/token-automation";
/** The major version's tag, which moves with each release of it. */
const MAJOR = "v1";

/** What a workflow's `uses:` says. */
export const ACTION = `${REPOSITORY}@${MAJOR}`;
/** The published JSON Schema of token_config.json. */
export const SCHEMA_URL = `https://raw.githubusercontent.com/${REPOSITORY}/${MAJOR}/token_config.schema.json`;
