// Replies are declared once: the core's own definitions describe its reports.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import * as z from "zod";
import { ROOT } from "../../../test/pages.ts";
import { readSources } from "../../../test/sources.ts";
import * as base from "../../core/model/schema-base.ts";
import { reportSchema } from "../../core/ports/report.ts";
import { DISPATCHED, replySchemas } from "./replies.ts";

/** Definitions of flat requests, which are stricter than the core's reports. */
const INPUTS = ["src/http/change-input.ts"];
/** A definition that has this part of another's members is about the same subject. */
const MOST = 2 / 3;
/** It must have taken at least this part of them from the core. It may override the others. */
const TAKEN = 1 / 3;
/** The pieces that every definition is made of. A shared piece says nothing. */
const BLOCKS: ReadonlySet<unknown> = new Set(Object.values(base));

type Found = { readonly name: string; readonly object: z.ZodObject };

/** The object and all objects inside it. */
function objectsIn(name: string, schema: unknown): Found[] {
  const found = new Map<z.ZodObject, string>();
  const visit = (at: string, node: unknown): void => {
    if (node instanceof z.ZodObject) {
      if (found.has(node)) return;
      found.set(node, at);
      for (const [key, member] of Object.entries(node.shape)) visit(`${at}.${key}`, member);
    } else if (node instanceof z.ZodArray) visit(`${at}[]`, node.element);
    else if (node instanceof z.ZodRecord) visit(`${at}{}`, node.valueType);
    else if (node instanceof z.ZodUnion) for (const each of node.options) visit(at, each);
    else if (
      node instanceof z.ZodOptional ||
      node instanceof z.ZodExactOptional ||
      node instanceof z.ZodNullable
    )
      visit(at, node.unwrap());
  };
  visit(name, schema);
  return [...found].map(([object, at]) => ({ name: at, object }));
}

/** Every definition that files of that folder export, and the objects inside it. */
async function exportedIn(folder: string, except: readonly string[]): Promise<Found[]> {
  const paths = (await readSources([folder])).map(({ path }) => path);
  const files = paths.filter((path) => !except.includes(path) && !path.includes("/page/client/"));
  const found = await Promise.all(
    files.map(async (path) => {
      const address = pathToFileURL(join(ROOT, path)).href;
      const exported: Record<string, unknown> = await import(address);
      return Object.entries(exported).flatMap(([name, value]) =>
        objectsIn(`${path}: ${name}`, value),
      );
    }),
  );
  return found.flat();
}

/** Each pair of which the first has the other's members without taking them from the core. */
function repetitions(ours: readonly Found[], cores: readonly Found[]): string[] {
  const known = new Set(cores.map(({ object }) => object));
  const members = new Set(cores.flatMap(({ object }) => Object.values(object.shape)));
  const repeated = ours
    .filter(({ object }) => !known.has(object))
    .flatMap((one) =>
      cores
        .filter((other) => repeats(one.object.shape, other.object.shape, members))
        .map((other) => `${one.name} repeats ${other.name}`),
    );
  return [...new Set(repeated)];
}

type Shape = z.ZodObject["shape"];

function repeats(one: Shape, other: Shape, members: ReadonlySet<unknown>): boolean {
  const telling = Object.keys(other).filter((key) => !BLOCKS.has(other[key]));
  const shared = telling.filter((key) => Object.hasOwn(one, key));
  const taken = shared.filter((key) => members.has(one[key]) && !BLOCKS.has(one[key]));
  const isAbout = shared.length >= telling.length * MOST;
  const isEnough = shared.length > 2 || Object.keys(one).every((key) => shared.includes(key));
  return shared.length > 1 && isAbout && isEnough && taken.length < shared.length * TAKEN;
}

test("no definition in src/http repeats the members of one of the core's", async () => {
  const cores = await exportedIn("src/core", []);
  const replies = [true, false].flatMap((hashes) =>
    Object.entries({ ...replySchemas({ hashes }) }).flatMap(([path, reply]) =>
      objectsIn(`the reply of ${path}`, reply),
    ),
  );
  const started = Object.entries(DISPATCHED).flatMap(([path, reply]) =>
    objectsIn(`the 202 of ${path}`, reply),
  );
  expect(cores.length).toBeGreaterThan(50);
  expect(replies.length).toBeGreaterThan(30);
  const ours = [...(await exportedIn("src/http", INPUTS)), ...replies, ...started];
  expect(repetitions(ours, cores)).toEqual([]);
});

test("a definition that repeats one is found, also inside another", () => {
  const cores = objectsIn("report", reportSchema);
  const commit = z.object({ sha: z.string().nullable(), url: z.string().nullable() });
  const repeated = z.object({ done: z.array(z.object({ commit: commit.nullable() })) });
  expect(repetitions(objectsIn("ours", repeated), cores)).toEqual([
    "ours.done[].commit repeats report.commit",
  ]);
  const extended = z.object({ done: reportSchema.extend({ dry_run: z.literal(true) }) });
  expect(repetitions(objectsIn("ours", extended), cores)).toEqual([]);
});
