import { tmpdir } from "node:os";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Secret } from "../../src/core/base/secret.ts";
import { seal } from "../../src/core/credentials/seal.ts";
import { DEFAULT_TOKEN } from "../github/server.ts";
import { HOME, RECORD, SCENARIOS } from "./scenarios.ts";
import { SERVICE_ADMIN } from "./service.ts";
import { createWitness, fingerprintOf } from "./witness.ts";
import { openWorld, unrotated, type World } from "./world.ts";

const bench = { main: "", preload: "", folder: tmpdir(), close: async () => {} };
let world: World;
beforeEach(async () => {
  const [scenario] = SCENARIOS;
  if (scenario === undefined) throw new Error("there is no scenario");
  world = await openWorld(scenario, unrotated(scenario), bench);
});
afterEach(() => world.close());

async function place(
  value: string,
  sealedFor = world.github.repository(HOME).publicKey(),
): Promise<void> {
  const { sealed } = await seal(new Secret(value), sealedFor);
  await fetch(`${world.github.url}/repos/${HOME}/actions/secrets/API_KEY`, {
    method: "PUT",
    headers: { authorization: `token ${DEFAULT_TOKEN}` },
    body: JSON.stringify({
      encrypted_value: sealed,
      key_id: world.github.repository(HOME).publicKey().keyId,
    }),
  });
}

function record(state: object): void {
  world.github.repository(HOME).commit({ [RECORD]: JSON.stringify({ state }, null, 2) }, "Record");
}

test("a value that a commit knew, even one before, is well placed", async () => {
  const witness = createWitness(world);
  witness.look();
  record({ fingerprint: fingerprintOf("value-1") });
  witness.look();
  record({ fingerprint: fingerprintOf("value-2") });
  await place("value-1");
  witness.look();
  expect([...witness.seen]).toEqual([]);
  expect([...witness.values]).toEqual(["value-1"]);
});

test("a value before its journal, a box that does not open, a secret that is gone are seen", async () => {
  const witness = createWitness(world);
  await place("value-1");
  witness.look();
  await place("value-1", { keyId: "1", key: Buffer.alloc(32, 9).toString("base64") });
  witness.look();
  world.github.repository(HOME).removeSecret("API_KEY");
  witness.look();
  expect([...witness.seen]).toEqual([
    `actions:${HOME}:API_KEY holds a value that no commit of the record knows`,
    `actions:${HOME}:API_KEY holds a box that does not open`,
    `actions:${HOME}:API_KEY lost its secret`,
  ]);
});

test("one credential that the record cannot find may work, not two; what it announced is found by its label", async () => {
  const issue = (label: string) =>
    fetch(`${world.github.url}/service/keys`, {
      method: "POST",
      headers: { authorization: `Bearer ${SERVICE_ADMIN}` },
      body: JSON.stringify({ name: label }),
    });
  const witness = createWitness(world);
  await issue("acme/widgets/API_KEY/g1");
  record({ label: "acme/widgets/API_KEY/g1" });
  witness.look();
  expect(witness.orphans()).toBe(0);
  await issue("acme/widgets/API_KEY/g2");
  witness.look();
  expect([[...witness.seen], witness.orphans()]).toEqual([[], 1]);
  await issue("acme/widgets/API_KEY/g3");
  witness.look();
  expect([...witness.seen]).toEqual(["2 credentials work that the record does not know"]);
});
