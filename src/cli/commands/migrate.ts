// `migrate`: a file of an earlier shape, written in this one.
import type { Command } from "commander";
import { Misconfigured, Unchanged } from "../../core/base/errors.ts";
import { SCHEMA_URL } from "../../core/base/project.ts";
import { serializeConfig } from "../../core/config/parse.ts";
import type { Migration } from "../../core/migration/migrate.ts";
import type { Commit, Store } from "../../core/ports/store.ts";
import { filesOfEntries, historyFolder } from "../../core/record/history.ts";
import { commitText } from "../render/report.ts";
import { formatCount, plain } from "../render/text.ts";
import { composeOptions, noteIfUncommitted } from "../session/connect.ts";
import { EXIT } from "../session/exit-codes.ts";
import type { Session, Start } from "../session/session.ts";

export function addMigrate(program: Command, start: Start): void {
  program
    .command("migrate")
    .description(
      "bring a token_config.json of an earlier shape into this one; values in it are dropped, and no copy is kept",
    )
    .option("--dry-run", "print what would be written", false)
    .action(({ dryRun }: { readonly dryRun: boolean }) =>
      start((session) => migrateFile(session, dryRun)),
    );
}

async function migrateFile(session: Session, dryRun: boolean): Promise<number> {
  const { place, configPath } = composeOptions(session, "change");
  const { openStore } = await import("../../compose/compose.ts");
  const store = await openStore(place, (failure) =>
    session.warn(`${failure.message}. ${failure.hint ?? ""}`.trim()),
  );
  const { files, version } = await store.load([configPath]);
  const text = files.get(configPath) ?? null;
  if (text === null) {
    throw new Misconfigured(`${configPath} does not exist`, {
      code: "record-missing",
      hint: "Name the old file with --config.",
    });
  }
  const { migrate } = await import("../../core/migration/migrate.ts");
  const archived = await archivedBeside(store, configPath, version);
  const migration = migrate(text, session.io.now(), archived);
  const days = filesOfEntries(configPath, migration.history);
  const content = serializeConfig({ $schema: SCHEMA_URL, ...migration.config });
  if (dryRun) {
    session.result({ ...migration, dry_run: true, commit: null }, () => content.trimEnd());
    warnOfDangers(session, migration);
    return EXIT.done;
  }
  await requireNoHistory(store, [...days.keys()], version);
  await noteIfUncommitted(session, place);
  const saved = await store.save({
    expected: version,
    files: new Map([[configPath, content], ...days]),
    message: MESSAGES[migration.from],
  });
  if (saved.kind === "conflict") {
    throw new Unchanged(`${configPath} was changed while it was migrated`, {
      code: "record-contended",
      hint: "Run it again.",
    });
  }
  const commit: Commit = { sha: saved.sha, url: saved.url };
  session.result({ ...migration, dry_run: false, commit }, () =>
    migrationText(migration, commit, session),
  );
  warnOfDangers(session, migration);
  return EXIT.done;
}

const MESSAGES: Readonly<Record<Migration["from"], string>> = {
  "first-version": "token-automation: import the first version's file, without its values",
  "first-edition": "token-automation: bring the record into the second edition's shape [skip ci]",
};

/** The monthly files of a first-edition record, the oldest first. */
async function archivedBeside(
  store: Store,
  configPath: string,
  version: string | null,
): Promise<Map<string, string>> {
  const { monthlyFiles } = await import("../../core/migration/history.ts");
  const listed = await store.list(historyFolder(configPath), version ?? undefined);
  const paths = monthlyFiles(configPath, listed);
  if (paths.length === 0) return new Map();
  const { files } = await store.load(paths, version ?? undefined);
  return new Map(paths.map((path) => [path, files.get(path) ?? ""]));
}

/** Entries that are there already are never overwritten. */
async function requireNoHistory(
  store: Store,
  paths: readonly string[],
  version: string | null,
): Promise<void> {
  if (paths.length === 0) return;
  const { files } = await store.load(paths, version ?? undefined);
  const taken = paths.find((path) => (files.get(path) ?? null) !== null);
  if (taken === undefined) return;
  throw new Misconfigured(`${taken} exists already, and would be overwritten`, {
    code: "history-exists",
    hint: "Move token_history/ out of the way, or restore the record that it belongs to.",
  });
}

function migrationText(
  { from, config, history }: Migration,
  commit: Commit,
  { common }: Session,
): string {
  const count = (section: object | undefined) => Object.keys(section ?? {}).length;
  if (from === "first-edition")
    return `Wrote the state of ${formatCount(count(config.state?.tokens), "token")} and ${formatCount(history.length, "history entry", "history entries")} in the new shape. Nothing was lost.\n${commitText(commit, common.config)}`;
  const carried = [
    formatCount(count(config.tokens), "token"),
    formatCount(count(config.rules), "rule"),
    formatCount(count(config.workflows), "workflow"),
    formatCount(history.length, "history entry", "history entries"),
  ];
  return `Imported ${carried.join(", ")}, and no value.\n${commitText(commit, common.config)}`;
}

/** On stderr, so that a person sees it even if the output goes to a file. */
function warnOfDangers(session: Session, { exposed, warnings }: Migration): void {
  for (const warning of warnings) session.warn(warning);
  if (exposed.length === 0) return;
  session.warn(
    `${formatCount(exposed.length, "value")} stood in the file in plaintext: ${exposed.map(plain).join(", ")}. Each copy of the file or of git's history still holds ${exposed.length === 1 ? "it" : "them"}: treat ${exposed.length === 1 ? "it" : "them"} as leaked.`,
  );
  session.note(
    "each is due at once: `token-automation run` rotates it. Revoke the old value at its service",
  );
}
