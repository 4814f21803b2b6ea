// Looks at every destination and at the record before each request, so that no moment of a case goes unseen.
import { createHash } from "node:crypto";
import { HOME, RECORD, type Target } from "./scenarios.ts";
import type { World } from "./world.ts";

export type Witness = {
  /** Puts the witness before every request from now on; faults that were added before go first. */
  install(): void;
  look(): void;
  /** How many credentials work that the record does not know, now. */
  orphans(): number;
  /** What was seen that must never be, each once. */
  readonly seen: ReadonlySet<string>;
  /** Every value that stood at a destination. */
  readonly values: ReadonlySet<string>;
};

/** At most this many credentials may work that the record cannot find either: it knows neither their ref nor the label that they were announced with. */
const MOST_ORPHANS = 1;

export function createWitness(world: World): Witness {
  const { live, accepts } = world.service;
  const seen = new Set<string>();
  const values = new Set<string>();
  const known = new Set<string>();
  const held = new Set<string>();
  let refs = new Set<string>();
  let labels = new Set<string>();
  let head: string | null = null;

  function readRecord(): void {
    const repository = world.github.repository(HOME);
    if (repository.head() === head) return;
    head = repository.head();
    const text = repository.file(RECORD) ?? "";
    // A fingerprint that any commit held is known: git keeps what a later generation replaced.
    for (const fingerprint of text.match(/sha256:[0-9a-f]{64}/g) ?? []) known.add(fingerprint);
    refs = new Set(Array.from(text.matchAll(/"ref": "([^"]+)"/g), ([, ref = ""]) => ref));
    labels = new Set(Array.from(text.matchAll(/"label": "([^"]+)"/g), ([, label = ""]) => label));
  }

  function lookAt(target: Target): void {
    const value = world.valueAt(target);
    if (value === undefined) {
      if (held.has(target.id)) seen.add(`${target.id} lost its secret`);
      return;
    }
    held.add(target.id);
    if (value === null || value === "") {
      seen.add(
        `${target.id} holds ${value === null ? "a box that does not open" : "an empty value"}`,
      );
      return;
    }
    values.add(value);
    if (world.scenario.outside && !accepts(value))
      seen.add(`${target.id} holds a key that the service no longer accepts`);
    if (!known.has(fingerprintOf(value)))
      seen.add(`${target.id} holds a value that no commit of the record knows`);
  }

  function look(): void {
    readRecord();
    for (const target of world.targets) lookAt(target);
    if (orphans() > MOST_ORPHANS)
      seen.add(`${orphans()} credentials work that the record does not know`);
  }

  const orphans = () =>
    live().filter(({ ref, label }) => !refs.has(ref) && !labels.has(label)).length;

  return {
    look,
    orphans,
    seen,
    values,
    install: () =>
      world.github.faults.add({
        match: {},
        times: Number.POSITIVE_INFINITY,
        action: { kind: "call", before: look },
      }),
  };
}

/** A value's fingerprint, computed here and not by the product. */
export function fingerprintOf(value: string): string {
  return `sha256:${createHash("sha256").update(value).digest("hex")}`;
}
