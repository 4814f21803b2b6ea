// Files that `init` writes.
import { ACTION, SCHEMA_URL } from "../../core/base/project.ts";

/** One token that the repository itself defines, with a new value each week. */
export const STARTER_CONFIG = `${JSON.stringify(
  {
    $schema: SCHEMA_URL,
    version: 1,
    tokens: { API_KEY: { type: "api_key", length: 32 } },
    rules: { API_KEY: { interval_hours: 168, auto_rotate: true, notify: true } },
  },
  null,
  2,
)}\n`;

/** The path at which GitHub looks for it, from the repository's root. */
export const WORKFLOW_PATH = ".github/workflows/rotate-tokens.yml";

/**
 * The workflow that rotates due tokens, for the default branch.
 * @param configPath from the repository's root
 */
export function rotationWorkflow(configPath: string): string {
  const config =
    configPath === "token_config.json"
      ? ""
      : `          config-path: ${JSON.stringify(configPath)}\n`;
  return `name: Rotate tokens
run-name: Rotate tokens\${{ inputs.request && format(' for {0}', inputs.request) || '' }}

on:
  schedule:
    # An odd minute: GitHub delays and drops workflows scheduled for the full hour.
    - cron: "23 * * * *"
  workflow_dispatch:
    # Inputs that the HTTP API sends. Started by hand without them, the workflow rotates due tokens.
    inputs:
      command: { description: "run, rotate or workflow", default: run }
      tokens: { description: "names for rotate, separated by commas" }
      workflow: { description: "the name for workflow" }
      request: { description: "leave it empty" }

# The job's own token gets no permission. It cannot write secrets anyway.
permissions: {}

concurrency:
  group: rotate-tokens
  # Never cut a rotation short.
  cancel-in-progress: false

jobs:
  rotate:
    runs-on: ubuntu-latest
    timeout-minutes: 15
    steps:
      # A GitHub App with these two permissions, installed on this repository; its private key is the one secret made by hand.
      - uses: actions/create-github-app-token@1b10c78c7865c340bc4f6099eb2f838309f1e8c3 # v3.1.1
        id: app
        with:
          client-id: \${{ vars.TOKEN_AUTOMATION_CLIENT_ID }}
          private-key: \${{ secrets.TOKEN_AUTOMATION_PRIVATE_KEY }}
          permission-secrets: write # to place the values
          permission-contents: write # to commit the record
      - uses: ${ACTION}
        with:
          github-token: \${{ steps.app.outputs.token }}
          command: \${{ inputs.command || 'run' }}
          tokens: \${{ inputs.tokens }}
          workflow: \${{ inputs.workflow }}
          request: \${{ inputs.request }}
${config}`;
}
