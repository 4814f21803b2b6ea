// The publication of public keys in a file of the record's repository or an Actions variable, changed by reading, merging and writing.
import { Uncertain, Unchanged } from "../../core/base/errors.ts";
import type { PublicForms } from "../../core/credentials/key-pair.ts";
import type { Store } from "../../core/ports/store.ts";
import type { GitHubClient } from "../github/client.ts";
import { statusOf, toFailure } from "../github/errors.ts";
import { parseRepository } from "../github/repository.ts";
import { type Codec, codecOf, type PublishedForm, type PublishedKey } from "./published-keys.ts";

/** A text that several programs may change. */
export type Document = {
  /** Its name for messages: `the file keys.json`. */
  readonly name: string;
  read(): Promise<{ readonly text: string | null; readonly version: string | null }>;
  /** False if another program wrote since `version` was read. Nothing was written then. */
  write(text: string, version: string | null, message: string): Promise<boolean>;
};

export type Publication = {
  keys(): Promise<readonly PublishedKey[]>;
  add(key: PublicForms, label: string): Promise<void>;
  /** Removing a key that is not there changes nothing. */
  remove(kid: string): Promise<void>;
};

/** How often a change is repeated after another program's change won. */
const MAX_ATTEMPTS = 8;
const WRITE = "Variables: write";

/** Published keys over a document. Every change is made to the newest text, so that keys of other tokens stay. */
export function publicationOf(document: Document, form: PublishedForm): Publication {
  const codec = codecOf(form, document.name);

  async function change(
    message: string,
    make: (codec: Codec, text: string | null) => string | null,
  ): Promise<void> {
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const { text, version } = await document.read();
      const changed = make(codec, text);
      if (changed === null || (await document.write(changed, version, message))) return;
    }
    throw new Unchanged(
      `${document.name} changed ${MAX_ATTEMPTS} times while a key was published there`,
      {
        code: "publication-contended",
        hint: "Run it again when fewer programs write there.",
      },
    );
  }

  return {
    keys: async () => codec.keys((await document.read()).text),
    // A program that wrote in between has kept the key, so a key that is there already is not added twice.
    add: (key, label) =>
      change(`token-automation: publish the public key ${label}`, ({ keys, add }, text) =>
        keys(text).some(({ kid }) => kid === key.kid) ? null : add(text, key, label),
      ),
    remove: (kid) =>
      change(`token-automation: withdraw the public key ${kid}`, ({ keys, remove }, text) =>
        keys(text).some((key) => key.kid === kid) ? remove(text, kid) : null,
      ),
  };
}

/** A file in the record's own repository, through its store. */
export function fileDocument(store: Store, path: string): Document {
  return {
    name: `the file ${path}`,
    async read() {
      const { files, version } = await store.load([path]);
      return { text: files.get(path) ?? null, version };
    },
    write: async (text, expected, message) =>
      (await store.save({ expected, files: new Map([[path, text]]), message })).kind === "saved",
  };
}

/** A repository's Actions variable: https://docs.github.com/rest/actions/variables. GitHub keeps no version of it, so it is read again after the write. */
export function variableDocument(
  client: () => Promise<GitHubClient>,
  { repository, name }: { repository: string; name: string },
): Document {
  const { owner, name: repo } = parseRepository(repository);
  const what = `the variable ${name} of ${repository}`;

  async function read(): Promise<string | null> {
    const github = await client();
    try {
      const { data } = await github.request("GET /repos/{owner}/{repo}/actions/variables/{name}", {
        owner,
        repo,
        name,
      });
      if (typeof data.value !== "string") throw notGitHub(what);
      return data.value;
    } catch (error) {
      if (statusOf(error) === 404) return null;
      throw toFailure(error, `read ${what}`, WRITE);
    }
  }

  async function put(value: string, before: string | null): Promise<void> {
    const github = await client();
    const given = { owner, repo, name, value, request: { retries: 0 } };
    try {
      if (before === null)
        await github.request("POST /repos/{owner}/{repo}/actions/variables", given);
      else await github.request("PATCH /repos/{owner}/{repo}/actions/variables/{name}", given);
    } catch (error) {
      // Another program created or removed it since, so the caller reads it again.
      if (statusOf(error) === 409 || (before !== null && statusOf(error) === 404)) return;
      throw toFailure(error, `write ${what}`, WRITE);
    }
  }

  return {
    name: what,
    async read() {
      const text = await read();
      return { text, version: text };
    },
    async write(text, version) {
      await put(text, version);
      return (await read()) === text;
    },
  };
}

function notGitHub(what: string): Uncertain {
  return new Uncertain(`what answered for ${what} is not GitHub's API`, {
    code: "not-github",
    hint: "Check GITHUB_API_URL, and check that no proxy answers in GitHub's place.",
  });
}
