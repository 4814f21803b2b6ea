// A process that puts values into a vault: `vault-writer.ts DIRECTORY PREFIX COUNT`. COUNT 0: one name, over and over.
import { openVault } from "../src/adapters/destinations/vault.ts";
import { Secret } from "../src/core/base/secret.ts";
import { seal } from "../src/core/credentials/seal.ts";

const [directory = "", prefix = "", count = "0"] = process.argv.slice(2);
const vault = openVault({ directory, key: null, now: () => new Date() });
const endless = count === "0";
for (let index = 0; endless || index < Number(count); index += 1) {
  const name = endless ? prefix : `${prefix}_${index}`;
  await vault.put(
    name,
    await seal(new Secret(`value ${index} of ${prefix}`), await vault.publicKey()),
  );
  process.stdout.write(`${name}\n`);
}
