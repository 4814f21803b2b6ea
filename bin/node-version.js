// The oldest Node.js that runs this program. Nothing here is newer than ES2018: an old Node.js reads it too.

const OLDEST = [20, 19];

/**
 * @param {string} version of Node.js, as `process.versions.node` has it
 * @returns {string | null} the sentence that refuses it; null if it is new enough
 */
export function refusalOfNode(version) {
  const [major, minor] = version.split(".").map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return null;
  return `token-automation needs Node ${OLDEST.join(".")} or newer, this is ${major}.${minor}`;
}

/**
 * Calls `start`; on a Node.js that is too old it prints why not and sets the exit code to 2.
 * @param {() => unknown} start
 */
export function startOnNode(start) {
  const refusal = refusalOfNode(process.versions.node);
  if (refusal === null) {
    start();
    return;
  }
  process.stderr.write(`${refusal}\n`);
  process.exitCode = 2;
}
