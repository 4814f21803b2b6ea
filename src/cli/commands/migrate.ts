// `migrate`: the import of the first version's file, without its values.
import type { Command } from "commander";
import { Misconfigured, Unchanged } from "../../core/base/errors.ts";
import { SCHEMA_URL } from "../../core/base/project.ts";
import { serializeConfig } from "../../core/config/parse.ts";
import type { Migration } from "../../core/migration/migrate.ts";
import type { Commit } from "../../core/ports/store.ts";
import { commitText } from "../render/report.ts";
import { formatCount, plain } from "../render/text.ts";
import { composeOptions, noteIfUncommitted } from "../session/connect.ts";
import { EXIT } from "../session/exit-codes.ts";
import type { Session, Start } from "../session/session.ts";

export function addMigrate(program: Command, start: Start): void {
  program
    .command("migrate")
    .description(
      "import a token_config.json of the first version; its values are dropped, and no copy is kept",
    )
    .option("--dry-run", "print what would be written", false)
    .action(({ dryRun }: { readonly dryRun: boolean }) =>
      start((session) => migrate(session, dryRun)),
    );
}

async function migrate(session: Session, dryRun: boolean): Promise<number> {
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
  const { migrateFirstVersion } = await import("../../core/migration/migrate.ts");
  const migration = migrateFirstVersion(text, session.io.now());
  const content = serializeConfig({ $schema: SCHEMA_URL, ...migration.config });
  if (dryRun) {
    session.result({ ...migration, dry_run: true, commit: null }, () => content.trimEnd());
    warnOfDangers(session, migration);
    return EXIT.done;
  }
  await noteIfUncommitted(session, place);
  const saved = await store.save({
    expected: version,
    files: new Map([[configPath, content]]),
    message: "token-automation: import the first version's file, without its values",
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

function migrationText({ config }: Migration, commit: Commit, { common }: Session): string {
  const count = (section: object | undefined) => Object.keys(section ?? {}).length;
  const carried = [
    formatCount(count(config.tokens), "token"),
    formatCount(count(config.rules), "rule"),
    formatCount(count(config.workflows), "workflow"),
    formatCount(config.history?.length ?? 0, "history entry", "history entries"),
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
