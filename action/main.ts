// The Action's entry: read the inputs, mask, do the one thing asked for, render the result.
import "./startup.ts";
import { compose } from "../src/compose/compose.ts";
import { type Inputs, readInputs } from "./inputs.ts";
import { mask } from "./mask.ts";
import { renderFailure, renderHealth, renderReport, renderVerification } from "./render.ts";

const PROXY_VARIABLES = ["https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY"];

let inputs: Inputs | null = null;
try {
  inputs = readInputs(process.env);
  await perform(inputs);
} catch (error) {
  await renderFailure(error, inputs);
}

async function perform(wanted: Inputs): Promise<void> {
  const { command, place, webhook, fingerprintKey, configPath, triggeredBy } = wanted;
  for (const secret of [place.access.token, fingerprintKey, webhook?.url, webhook?.secret])
    if (secret) mask(secret);
  const fetch = await proxiedFetch(process.env);
  const access = { ...place.access, ...(fetch === null ? {} : { fetch }) };
  const { variables, programs } = wanted;
  const app = await compose({
    place: { ...place, access },
    configPath,
    fingerprintKey,
    webhook,
    variables,
    programs,
    whenMissing: "error",
  });
  if (command === "health") return renderHealth(await app.health(), wanted);
  if (command === "verify") return renderVerification(await app.verify(wanted.seen), wanted);
  const report = await app.run({
    wanted: wanted.wanted,
    triggeredBy,
    mark: wanted.mark,
    dryRun: wanted.dryRun || command === "plan",
    seen: wanted.seen,
    onCredential: (_name, credential) => Object.values(credential.fields).forEach(mask),
  });
  await renderReport(report, await app.health({ asLeft: true }), wanted);
}

/** The fetch of @actions/github, which honours the proxy variables and `no_proxy`. Null if none is set, and its code is then not loaded. */
async function proxiedFetch(
  env: Readonly<Record<string, string | undefined>>,
): Promise<typeof fetch | null> {
  if (!PROXY_VARIABLES.some((name) => env[name])) return null;
  const { defaults } = await import("@actions/github/lib/utils");
  return defaults.request?.fetch ?? null;
}
