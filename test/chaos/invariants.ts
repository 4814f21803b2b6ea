// The invariants at the end of every case.
import type { RecordText } from "./commits.ts";
import { commitsOf, generationViolations, historyViolations } from "./commits.ts";
import { HOME, RECORD } from "./scenarios.ts";
import { SERVICE_ADMIN } from "./service.ts";
import { fingerprintOf, type Witness } from "./witness.ts";
import type { Run, World } from "./world.ts";

/** The differences between record and destinations, which healthy runs must fix. */
export function disagreements(world: World): string[] {
  const record: RecordText = JSON.parse(world.github.repository(HOME).file(RECORD) ?? "{}");
  return world.targets.flatMap((target) => {
    const state = record.state?.tokens?.[target.token];
    const current = state?.current ?? null;
    if (state === undefined || current === null) return [`${target.token} was never rotated`];
    const { generation } = current;
    const placed = current.destinations[target.id];
    const value = world.valueAt(target);
    const found: string[] = [];
    if (state.pending !== null)
      found.push(`${target.token} still has generation ${state.pending.generation} pending`);
    if (state.drift)
      found.push(`${target.token} is said to have drifted, though no other program wrote to it`);
    if (state.retiring?.length)
      found.push(`${target.token} still has ${state.retiring.length} credentials to revoke`);
    if (state.failures > 0) found.push(`${target.token} still counts ${state.failures} failures`);
    if (placed?.status !== "placed" || placed.generation !== generation || state.stray) {
      found.push(`the record does not say that ${target.id} holds generation ${generation}`);
    }
    if (typeof value !== "string" || fingerprintOf(value) !== current.fingerprint) {
      found.push(
        `${target.id} does not hold generation ${generation}, which the record says it does`,
      );
    }
    return found;
  });
}

/** What a case did beside its runs. */
export type Ending = {
  readonly runs: readonly Run[];
  readonly witness: Witness;
  readonly entriesBefore: number;
  /** Whether boxes that were journalled may have become useless: by other keys, or by another declaration. */
  readonly boxesVoid: boolean;
};

/** Everything that a case broke; empty where it held. */
export function violations(
  world: World,
  { runs, witness, entriesBefore, boxesVoid }: Ending,
): string[] {
  const commits = commitsOf(world);
  const added = commits.at(-1)?.history.slice(entriesBefore) ?? [];
  const rotatedOnce = [...new Set(world.targets.map(({ token }) => token))].flatMap((token) => {
    const times = added.filter(
      (entry) => entry.event === "rotated" && entry.token_name === token,
    ).length;
    return times === 1
      ? []
      : [`the history has ${times} rotations of ${token}, which was due once`];
  });
  return [
    ...witness.seen,
    ...unused(world),
    ...(witness.orphans() === 0
      ? []
      : [`${witness.orphans()} credentials still work at the end that the record does not know`]),
    ...disagreements(world),
    ...rotatedOnce,
    ...historyViolations(commits),
    ...generationViolations(commits),
    ...publicBoxes(world, commits),
    ...(boxesVoid ? [] : wastedGenerations(world, commits)),
    ...runs.flatMap(runViolations),
    ...runs.flatMap((run) => untrueReports(world, run)),
    ...leaks(world, runs, witness, commits),
  ];
}

/** At the end only what is in place works. */
function unused({ scenario, service, targets }: World): string[] {
  const tokens = new Set(targets.map(({ token }) => token)).size;
  const working = service.live().length;
  return !scenario.outside || working === tokens
    ? []
    : [`${working} keys of the service work at the end, for ${tokens} tokens`];
}

/** Where strangers read the record, they could collect boxes until a key is lost. */
function publicBoxes({ scenario }: World, commits: ReturnType<typeof commitsOf>): string[] {
  if (scenario.visibility === "private") return [];
  const boxed = commits.some(({ record }) =>
    Object.values(record.state?.tokens ?? {}).some(
      ({ pending }) => (pending?.boxes ?? null) !== null,
    ),
  );
  return boxed ? ["sealed boxes were committed to a public repository"] : [];
}

/** Where boxes are journalled, whatever was begun is finished: no second credential is issued for it. */
function wastedGenerations({ scenario }: World, commits: ReturnType<typeof commitsOf>): string[] {
  // What was announced and never sealed is given up, and another generation made.
  if (scenario.visibility === "public" || scenario.outside) return [];
  const before = commits[0]?.record.state?.tokens ?? {};
  return Object.entries(commits.at(-1)?.record.state?.tokens ?? {}).flatMap(
    ([token, { current }]) => {
      const wasted = (current?.generation ?? 0) - (before[token]?.current?.generation ?? 0) - 1;
      return wasted > 0
        ? [`${wasted} journalled generations of ${token} were given up instead of finished`]
        : [];
    },
  );
}

/** A run ends by itself, in time, with a code that says something, and without a stack trace. */
function runViolations({ name, code, signal, timedOut, outputs }: Run): string[] {
  if (timedOut) return [`${name} did not end within its time limit`];
  if (signal === "SIGKILL") return [];
  const found = code === 0 || code === 1 ? [] : [`${name} ended with ${signal ?? code}`];
  return (outputs.get("stderr") ?? "") === "" ? found : [...found, `${name} wrote to stderr`];
}

type Told = {
  readonly tokens: readonly {
    token_name: string;
    status: string;
    generation: number;
    new_hash: string | null;
  }[];
};

/** What a run called rotated was placed: unless a later generation came since, it stands there. */
function untrueReports(world: World, { name, outputs }: Run): string[] {
  const text = /^report<<(\S+)\n(.*)\n\1$/m.exec(outputs.get("files/output") ?? "")?.[2];
  const told: Told | null = JSON.parse(text ?? "null");
  const record: RecordText = JSON.parse(world.github.repository(HOME).file(RECORD) ?? "{}");
  return (told?.tokens ?? []).flatMap(({ token_name, status, generation, new_hash }) => {
    if (status !== "rotated" && status !== "resumed") return [];
    const current = record.state?.tokens?.[token_name]?.current ?? null;
    if (current === null || current.generation < generation)
      return [
        `${name} called generation ${generation} of ${token_name} rotated, which the record does not hold`,
      ];
    if (current.generation > generation || current.fingerprint === new_hash) return [];
    return [`${name} called another value of ${token_name} rotated than the one that is in place`];
  });
}

/** Shorter forms stand in other texts by chance. */
const LEAST_CANARY = 8;

/** Every value is a canary: issued, placed or only in hand, it stands in no output, file, commit or request. */
function leaks(
  world: World,
  runs: readonly Run[],
  witness: Witness,
  commits: ReturnType<typeof commitsOf>,
): string[] {
  const known = [
    ...witness.values,
    ...world.service.issued,
    ...(world.scenario.outside ? [SERVICE_ADMIN] : []),
  ];
  const forms = new Set([...runs.flatMap(({ masked }) => masked), ...known.flatMap(formsOf)]);
  const canaries = [...forms].filter((form) => form.length >= LEAST_CANARY);
  const texts: [string, string][] = [
    ...runs.flatMap(({ name, outputs }) =>
      [...outputs].map(([output, text]): [string, string] => [`${output} of ${name}`, text]),
    ),
    ...commits.flatMap(({ oid, message, files }) =>
      [message, ...Object.values(files)].map((text): [string, string] => [
        `commit ${oid.slice(0, 7)}`,
        text,
      ]),
    ),
    ...world.github.requests.map(({ index, path, query, body }): [string, string] => [
      `request ${index}`,
      `${path} ${query} ${body}`,
    ]),
  ];
  return texts.flatMap(([where, text]) =>
    canaries.some((canary) => text.includes(canary)) ? [`a value stands in ${where}`] : [],
  );
}

function formsOf(value: string): string[] {
  const bytes = Buffer.from(value);
  return [
    value,
    bytes.toString("base64"),
    bytes.toString("base64url"),
    bytes.toString("hex"),
    encodeURIComponent(value),
  ];
}
