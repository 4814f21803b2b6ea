// The contents of a new part of the product: files to write, and places that must know them.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** A text to insert into an existing file, before or after a place that occurs in it exactly once. */
type Insertion = {
  readonly path: string;
  readonly at: string | RegExp;
  readonly side: "before" | "after";
  readonly text: string;
};

export type NewPart = {
  /** Each new file's content by its path from the project's folder. */
  readonly files: Readonly<Record<string, string>>;
  readonly insertions: readonly Insertion[];
  /** The steps that are left for a person, in order. */
  readonly next: readonly string[];
};

/** A request that cannot be carried out. */
export class Refused extends Error {}

/** Writes the part, or nothing if any place is taken or has changed. Returns the paths. Throws `Refused`. */
export async function writePart(root: string, part: NewPart): Promise<string[]> {
  const changed = new Map<string, string>();
  for (const { path, at, side, text } of part.insertions) {
    const content = changed.get(path) ?? (await readFile(join(root, path), "utf8"));
    const places = [
      ...content.matchAll(new RegExp(at instanceof RegExp ? at : escapePattern(at), "g")),
    ];
    const [place] = places;
    if (place === undefined || places.length > 1)
      throw new Refused(
        `${path} has ${places.length} places like ${JSON.stringify(String(at).trim())} instead of one, so nothing was written`,
      );
    const index = side === "before" ? place.index : place.index + place[0].length;
    changed.set(path, `${content.slice(0, index)}${text}${content.slice(index)}`);
  }
  for (const path of Object.keys(part.files))
    if (await isThere(join(root, path)))
      throw new Refused(`${path} exists already, so nothing was written`);
  for (const [path, content] of Object.entries(part.files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content, { flag: "wx" });
  }
  for (const [path, content] of changed) await writeFile(join(root, path), content);
  return [...Object.keys(part.files), ...changed.keys()];
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

async function isThere(file: string): Promise<boolean> {
  try {
    await readFile(file);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return false;
    throw error;
  }
}

/** The spellings of a name: `acme_keys`, `acme-keys`, `acmeKeys`, `AcmeKeys`, `ACME_KEYS`. */
export function spellings(name: string) {
  const words = name.split(/[_-]/);
  const pascal = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
  return {
    name,
    file: words.join("-"),
    camel: pascal.charAt(0).toLowerCase() + pascal.slice(1),
    pascal,
    constant: words.join("_").toUpperCase(),
  };
}
