// The Action's entry: read the inputs, mask, do the one thing asked for, render what came of it.
import "./startup.ts";
import { compose } from "../src/compose.ts";
import { readInputs } from "./inputs.ts";
import { mask } from "./mask.ts";
import { proxiedFetch } from "./proxy.ts";
import { renderFailure, renderHealth, renderReport, renderVerification } from "./render.ts";

try {
  const inputs = readInputs(process.env);
  const { place, webhook, fingerprintKey, configPath, triggeredBy } = inputs;
  for (const secret of [place.access.token, fingerprintKey, webhook?.url, webhook?.secret]) if (secret) mask(secret);
  try {
    const fetch = await proxiedFetch(process.env);
    const access = { ...place.access, ...(fetch === null ? {} : { fetch }) };
    const app = await compose({ place: { ...place, access }, configPath, fingerprintKey, webhook, whenMissing: "error" });
    if (inputs.command === "health") await renderHealth(await app.health(), inputs);
    else if (inputs.command === "verify") await renderVerification(await app.verify(inputs.seen), inputs);
    else {
      const report = await app.run({
        wanted: inputs.wanted,
        triggeredBy,
        dryRun: inputs.dryRun || inputs.command === "plan",
        onCredential: (_name, credential) => Object.values(credential.fields).forEach(mask),
      });
      await renderReport(report, await app.health({ asLeft: true }), inputs);
    }
  } catch (error) {
    await renderFailure(error, inputs);
  }
} catch (error) {
  await renderFailure(error, null);
}
