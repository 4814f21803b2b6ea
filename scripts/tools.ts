// The folder of tools: Node.js 24 and the hosts' runtimes. They have install scripts, and most people never need them.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("../tools/", import.meta.url));
/** What npm writes last when it installs, and what it was installed from. */
const INSTALLED = `${FOLDER}node_modules/.package-lock.json`;
const LOCK = `${FOLDER}package-lock.json`;

/** Installs the tools unless they are there as the lock file says. @returns the program of Node.js 24 */
export function installTools(): string {
  if (!isInstalled()) {
    const { status } = spawnSync("npm", ["ci", "--no-audit", "--no-fund"], {
      cwd: FOLDER,
      stdio: ["ignore", "inherit", "inherit"],
      shell: process.platform === "win32",
    });
    if (status !== 0) throw new Error("npm ci failed in the folder tools");
  }
  return `${FOLDER}node_modules/.bin/node`;
}

/** By the programs that package.json names: npm leaves out what is for other platforms. */
function isInstalled(): boolean {
  const wanted = packagesIn(LOCK);
  const installed = packagesIn(INSTALLED);
  return Object.keys(wanted[""]?.devDependencies ?? {}).every((name) => {
    const path = `node_modules/${name}`;
    return installed[path]?.version === wanted[path]?.version;
  });
}

type Packages = Readonly<
  Record<
    string,
    { readonly version?: string; readonly devDependencies?: Readonly<Record<string, string>> }
  >
>;

function packagesIn(lock: string): Packages {
  return existsSync(lock) ? JSON.parse(readFileSync(lock, "utf8")).packages : {};
}
