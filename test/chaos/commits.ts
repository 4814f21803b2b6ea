// The record through all of its commits: what no single state of it can show.
import { createHash } from "node:crypto";
import { HOME, RECORD } from "./scenarios.ts";
import type { World } from "./world.ts";

/** The parts of the record that the suite reads, by its own definition: it must not trust the product's. */
export type RecordText = {
  readonly state?: {
    readonly history?: { readonly entries: number; readonly digest: string | null };
    readonly tokens?: Readonly<
      Record<
        string,
        {
          readonly current: {
            readonly generation: number;
            readonly fingerprint: string | null;
            readonly destinations: Readonly<
              Record<string, { readonly status: string; readonly generation: number }>
            >;
          } | null;
          readonly failures: number;
          readonly retiring?: readonly unknown[];
          readonly drift?: object | null;
          readonly stray?: object;
          readonly pending: {
            readonly generation: number;
            readonly fingerprint: string | null;
            readonly boxes: object | null;
          } | null;
        }
      >
    >;
  };
};
export type Entry = {
  readonly at: string;
  readonly event: string;
  readonly token_name: string | null;
  readonly previous_entry: string | null;
};

/** One commit of the record's branch, as far as it concerns the record. */
export type Commit = {
  readonly oid: string;
  readonly message: string;
  readonly record: RecordText;
  readonly history: readonly Entry[];
  readonly files: Readonly<Record<string, string>>;
};

/** Oldest first. */
export function commitsOf(world: World): Commit[] {
  const repository = world.github.repository(HOME);
  return repository
    .commits()
    .toReversed()
    .map(({ oid, message }) => {
      const files = repository.files(oid);
      const record: RecordText = JSON.parse(files[RECORD] ?? "{}");
      return {
        oid,
        message,
        record,
        files,
        history: entriesOf(files),
      };
    });
}

function entriesOf(files: Readonly<Record<string, string>>): Entry[] {
  const paths = Object.keys(files).filter((path) => path.startsWith("token_history/"));
  // Their names are dates.
  const oldestFirst = paths.toSorted((a, b) => (a < b ? -1 : 1));
  return oldestFirst.flatMap((path) =>
    (files[path] ?? "")
      .split("\n")
      .filter(Boolean)
      .map((line): Entry => JSON.parse(line)),
  );
}

/** History is only ever added to, and each entry names the digest of the one before. */
export function historyViolations(commits: readonly Commit[]): string[] {
  const found: string[] = [];
  let before: readonly string[] = [];
  for (const { oid, history, record } of commits) {
    const now = history.map(canonical);
    if (before.some((entry, index) => now[index] !== entry))
      found.push(`commit ${oid.slice(0, 7)} changes or drops history entries`);
    const broken = history.findIndex(
      ({ previous_entry }, index) =>
        previous_entry !== (index === 0 ? null : sha256(now[index - 1] ?? "")),
    );
    if (broken >= 0)
      found.push(`at commit ${oid.slice(0, 7)} the history's chain is broken at entry ${broken}`);
    const said = history.map(({ previous_entry: _, ...entry }) => canonical(entry));
    if (new Set(said).size < history.length)
      found.push(`commit ${oid.slice(0, 7)} records an event twice`);
    const { entries, digest } = record.state?.history ?? { entries: 0, digest: null };
    const newest = now.at(-1);
    if (entries !== history.length || digest !== (newest === undefined ? null : sha256(newest)))
      found.push(
        `at commit ${oid.slice(0, 7)} the record names another history than the files hold`,
      );
    before = now;
  }
  return found;
}

/** Each generation's number stands for one value, none is left out, and none is gone back to. */
export function generationViolations(commits: readonly Commit[]): string[] {
  const found = new Set<string>();
  const fingerprints = new Map<string, string>();
  const used = new Map<string, Set<number>>();
  const committed = new Map<string, number>();
  for (const { record } of commits) {
    for (const [token, state] of Object.entries(record.state?.tokens ?? {})) {
      const numbers = used.get(token) ?? new Set();
      used.set(token, numbers);
      const { current, pending } = state;
      const live = current?.generation ?? 0;
      // Before the first rotation the number 0 stands for whatever was there.
      numbers.add(live);
      for (const { generation, fingerprint } of [current, pending].flatMap((one) => one ?? [])) {
        numbers.add(generation);
        const key = `generation ${generation} of ${token}`;
        const earlier = fingerprints.get(key);
        if (fingerprint === null) continue;
        if (earlier !== undefined && earlier !== fingerprint)
          found.add(`${key} stands for two values`);
        fingerprints.set(key, fingerprint);
      }
      if (live < (committed.get(token) ?? 0)) found.add(`${token} goes back to generation ${live}`);
      if (pending !== null && pending.generation <= live)
        found.add(
          `${token} has generation ${pending.generation} pending, which is not newer than its current one`,
        );
      committed.set(token, live);
    }
  }
  for (const [token, numbers] of used) {
    for (let number = Math.min(...numbers); number < Math.max(...numbers); number += 1) {
      if (!numbers.has(number)) found.add(`generation ${number} of ${token} was skipped`);
    }
  }
  return [...found];
}

/** RFC 8785, by a second hand. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`).join(",")}}`;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
