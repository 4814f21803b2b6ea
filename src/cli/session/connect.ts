// The path from the common options to the app: which record is meant, and how it is reached.
import { basename, dirname, resolve } from "node:path";
import type { ComposeOptions } from "../../compose/compose.ts";
import { advisorAccess, programsAllowed } from "../../compose/environment.ts";
import type { RecordLocation } from "../../compose/record-location.ts";
import type { App } from "../../core/app.ts";
import { Misconfigured } from "../../core/base/errors.ts";
import type { Session } from "./session.ts";

/** The local record's folder and file name. All files of a record lie beside it, in whatever folder the command runs. */
export function localRecord({ io, common }: Session): {
  readonly directory: string;
  readonly configPath: string;
} {
  const path = resolve(io.directory, common.config);
  return { directory: dirname(path), configPath: basename(path) };
}

export function localPlace(session: Session): Extract<RecordLocation, { kind: "local" }> {
  const { access, vaultKey } = session.environment;
  return { kind: "local", directory: localRecord(session).directory, access, vaultKey };
}

/** @throws Misconfigured for a command that works only on this machine's files */
export function requireLocal({ common }: Session, command: string): void {
  if (common.repo === undefined) return;
  throw new Misconfigured(`${command} works on local files and does not support --repo`, {
    code: "local-only",
    hint: "Leave out --repo, and run it in the folder.",
  });
}

function readPlace(session: Session): {
  readonly place: RecordLocation;
  readonly configPath: string;
} {
  const { common, environment } = session;
  if (common.repo === undefined) {
    if (common.branch !== undefined)
      throw new Misconfigured(
        "--branch needs --repo, since a local record is on the branch that is checked out",
        {
          code: "branch-without-repo",
          hint: "Add --repo OWNER/NAME, or switch branches with git.",
        },
      );
    return { place: localPlace(session), configPath: localRecord(session).configPath };
  }
  if (environment.access === null)
    throw new Misconfigured("--repo needs a token, and neither GITHUB_TOKEN nor GH_TOKEN is set", {
      code: "no-github-token",
      hint: 'Set GITHUB_TOKEN to a token with "Secrets: write" and "Contents: write". With the GitHub CLI: GITHUB_TOKEN="$(gh auth token)".',
    });
  return {
    place: {
      kind: "github",
      repository: common.repo,
      branch: common.branch ?? null,
      access: environment.access,
    },
    configPath: common.config.replace(/^\.\//, ""),
  };
}

/** `begin`: a local record that does not exist yet is begun. `change`: it must exist. `read`: it must exist, and nothing is written. */
export type Purpose = "read" | "change" | "begin";

/** Options of the app for the record that the command line names. */
export function composeOptions(session: Session, purpose: Purpose): ComposeOptions {
  const { place, configPath } = readPlace(session);
  return {
    place,
    configPath,
    fingerprintKey: session.environment.fingerprintKey,
    // On GitHub a wrong path or branch must not pass for an empty record.
    whenMissing: purpose === "begin" && place.kind === "local" ? "empty" : "error",
    clock: () => session.io.now(),
    variables: session.environment.variables,
    advisor: advisorAccess(
      session.environment.variables,
      session.environment.access?.token ?? null,
    ),
    programs: programsFolder(session, place),
  };
}

/** A person who works in a folder trusts the programs that its config runs. A record elsewhere has other authors too. */
function programsFolder({ io, environment }: Session, place: RecordLocation): string | null {
  if (place.kind === "local") return place.directory;
  return programsAllowed(environment.variables) ? io.directory : null;
}

export type Connected = {
  readonly app: App;
  /** Whether the record is on this machine. */
  readonly local: boolean;
};

/** Builds the app for the record that the options name. */
export async function connect(session: Session, purpose: Purpose): Promise<Connected> {
  const options = composeOptions(session, purpose);
  const { place } = options;
  if (purpose !== "read") await noteIfUncommitted(session, place);
  const { compose } = await import("../../compose/compose.ts");
  return { app: await compose(options), local: place.kind === "local" };
}

/** Says on stderr, before a local record is changed, that git will not hold the change. */
export async function noteIfUncommitted(session: Session, place: RecordLocation): Promise<void> {
  if (place.kind !== "local") return;
  const { readGitState } = await import("../../compose/local.ts");
  const state = await readGitState(place.directory);
  if (state === "no-repository")
    session.note(
      "this folder is not in a git work tree, so nothing is committed (`git init` starts one)",
    );
  if (state === "no-git") session.note("git is not installed, so nothing is committed");
}
