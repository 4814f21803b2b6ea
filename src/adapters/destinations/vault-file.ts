// The vault's file: sealed boxes by secret name, and a MAC under the vault's key over all of it.
import { timingSafeEqual } from "node:crypto";
import * as z from "zod";
import { Misconfigured } from "../../core/base/errors.ts";
import { errorCode, readIfThere } from "../local/atomic-file.ts";
import type { VaultKeys } from "./vault-key.ts";

const FORMAT = "token-automation-vault";
const VERSION = 1;

const entrySchema = z.strictObject({
  sealed: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
});
const fileSchema = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  key_id: z.string(),
  // Not a z.record, which would lose a secret named __proto__.
  entries: z.custom<object>(
    (entries) => typeof entries === "object" && entries !== null && !Array.isArray(entries),
  ),
  mac: z.string(),
});

/** One sealed value. Times are ISO 8601. */
type VaultEntry = z.infer<typeof entrySchema>;
export type VaultEntries = ReadonlyMap<string, VaultEntry>;

/**
 * Reads and verifies the whole file. Returns null if there is none.
 * A sealed box does not say who sealed it, nor under which name. An attacker who can write the file could swap two boxes,
 * or seal values of their own. The MAC over names, boxes and times shows that. It does not show that the whole
 * file was replaced by an older copy of itself.
 * @throws `Misconfigured` if the file is damaged, altered, of a newer version, or belongs to another key.
 */
export async function readVaultFile(path: string, keys: VaultKeys): Promise<VaultEntries | null> {
  const text = await readText(path);
  if (text === null) return null;
  const file = parse(path, text);
  if (file.key_id !== keys.id) {
    throw new Misconfigured(
      `the vault ${path} belongs to the key ${showKeyId(file.key_id)}, and the one given is ${keys.id}`,
      {
        code: "vault-wrong-key",
        hint: "Give the vault's own key. If it is lost, move the vault away and rotate its tokens, since no other key opens it.",
      },
    );
  }
  if (!isEqual(file.mac, keys.mac(authenticatedText(keys.id, file.entries))))
    throw vaultDamaged(path, "it was changed without its key");
  return new Map(sortByName(file.entries));
}

/** The file's text: two-space JSON, names in order, a trailing newline. */
export function formatVaultFile(entries: VaultEntries, keys: VaultKeys): string {
  const sorted = new Map(sortByName(entries));
  const mac = keys.mac(authenticatedText(keys.id, sorted));
  const file = {
    format: FORMAT,
    version: VERSION,
    key_id: keys.id,
    entries: Object.fromEntries(sorted),
    mac,
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** The text that the MAC covers, in one form for one content. The file's own order and spacing do not change it. */
function authenticatedText(keyId: string, entries: VaultEntries): string {
  const rows = sortByName(entries).map(([name, entry]) => [
    name,
    entry.sealed,
    entry.created_at,
    entry.updated_at,
  ]);
  return JSON.stringify([FORMAT, VERSION, keyId, rows]);
}

function sortByName(entries: VaultEntries): [string, VaultEntry][] {
  return [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
}

async function readText(path: string): Promise<string | null> {
  try {
    return (await readIfThere(path))?.toString("utf8") ?? null;
  } catch (error) {
    throw new Misconfigured(`the vault ${path} cannot be read: ${errorCode(error)}`, {
      code: "vault-unreadable",
      hint: "You must be its owner.",
      cause: error,
    });
  }
}

function parse(
  path: string,
  text: string,
): { readonly key_id: string; readonly mac: string; readonly entries: VaultEntries } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The parser's own message quotes the file.
    throw vaultDamaged(path, "it is not JSON, or was cut short");
  }
  const version = z
    .object({ format: z.literal(FORMAT), version: z.number().gt(VERSION) })
    .safeParse(json);
  if (version.success) {
    throw new Misconfigured(
      `the vault ${path} has version ${version.data.version}, and this program knows ${VERSION}`,
      {
        code: "vault-too-new",
        hint: "Update token-automation.",
      },
    );
  }
  const file = fileSchema.safeParse(json);
  if (!file.success) throw vaultDamaged(path, "it does not have the shape of a vault");
  const entries = new Map<string, VaultEntry>();
  for (const [name, value] of Object.entries(file.data.entries)) {
    const entry = entrySchema.safeParse(value);
    if (!entry.success) throw vaultDamaged(path, "an entry does not have the shape of one");
    entries.set(name, entry.data);
  }
  return { key_id: file.data.key_id, mac: file.data.mac, entries };
}

function isEqual(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function vaultDamaged(path: string, seen: string): Misconfigured {
  return new Misconfigured(`the vault ${path} is damaged: ${seen}`, {
    code: "vault-damaged",
    hint: "Nothing was overwritten. Restore it from a backup, or move it away and rotate its tokens.",
  });
}

/** The file's own claims come from outside, so only a harmless start of each is shown. */
function showKeyId(keyId: string): string {
  return /^[0-9a-f]{1,32}$/.test(keyId) ? keyId : JSON.stringify(keyId.slice(0, 32));
}
