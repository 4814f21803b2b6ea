// An issuer's program in JavaScript: keys are files in KEYS_DIR, named by their ref; their lines are the label and the value.
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const folder = process.env.KEYS_DIR ?? "";
const read = (ref) => {
  try {
    return readFileSync(join(folder, ref), "utf8").split("\n");
  } catch {
    return [];
  }
};
const actions = {
  issue({ label }) {
    const ref = randomBytes(8).toString("hex");
    const value = randomBytes(24).toString("base64url");
    writeFileSync(join(folder, ref), `${label}\n${value}\n`);
    return { fields: { value }, ref, settles_within_seconds: 0, warnings: [] };
  },
  check: ({ ref, fields }) => ({ verdict: read(ref)[1] === fields.value ? "works" : "refused" }),
  revoke({ ref }) {
    rmSync(join(folder, ref), { force: true });
    return { revoked: true };
  },
  find: ({ label }) => ({ refs: readdirSync(folder).filter((ref) => read(ref)[0] === label) }),
};
const request = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(actions[request.action](request)));
