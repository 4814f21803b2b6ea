// The promises of a database rotation to a consumer that logs in, tested against the whole program.
import { expect } from "vitest";
import { Secret } from "../src/core/base/secret.ts";
import type { Issuer } from "../src/core/ports/issuer.ts";
import { type CuttingProxy, startSilentServer } from "./cutting-proxy.ts";
import { expectNothingShown, failureOf, issueRequest } from "./issuing.ts";
import { type ServiceRotation, startConsumer } from "./service-rotation.ts";

/** Logs in with what a consumer reads: true, or why not. */
export type LogIn = (url: string) => Promise<true | string>;

/** By the user and password of a connection URL. */
export function logInAt(
  server: { logIn(user: string, password: string): Promise<true | string> },
  url: string,
): Promise<true | string> {
  const { username, password } = new URL(url);
  return server.logIn(decodeURIComponent(username), decodeURIComponent(password));
}

/** A server that never answers is waited for no longer than the run may wait. @param open at that port, as `rotator` with the password `c4nary` */
export async function expectBoundedWait(open: (port: number) => Issuer): Promise<void> {
  const silent = await startSilentServer();
  try {
    const issuer = open(silent.port);
    const error = await failureOf(
      issuer.issue(issueRequest(1, { signal: AbortSignal.timeout(200) })),
    );
    expect(error).toMatchObject({ kind: "unchanged", code: "service-unreachable" });
    expectNothingShown(error, ["c4nary"]);
    const fields = { username: new Secret("a"), password: new Secret("b") };
    const credential = {
      fields,
      ref: null,
      entropyBits: null,
      expiresAt: null,
      settlesWithinMs: 0,
      warnings: [],
    };
    expect(await issuer.check(credential, AbortSignal.timeout(200))).toMatchObject({
      verdict: "unknown",
    });
  } finally {
    await silent.close();
  }
}

/** A consumer that logs in again and again through a hundred rotations never fails. */
export async function expectHundredRotations(
  rotation: ServiceRotation,
  logIn: LogIn,
): Promise<void> {
  expect((await rotation.run(0)).rotated).toEqual(["DATABASE"]);
  const consumer = startConsumer(() => rotation.read("DATABASE_URL"), logIn);
  for (let count = 1; count < 100; count += 1) {
    const { rotated, tokens } = await rotation.run(2);
    expect({ rotated, errors: tokens.map(({ error }) => error) }).toEqual({
      rotated: ["DATABASE"],
      errors: [null],
    });
    await consumer.lap();
  }
  const { logins, failures } = await consumer.stop();
  expect(failures).toEqual([]);
  expect(logins).toBeGreaterThan(100);
  const { state } = await rotation.record();
  expect(state?.tokens?.DATABASE).toMatchObject({
    current: { generation: 100 },
    failures: 0,
  });
}

export type Cut = {
  readonly proxy: CuttingProxy;
  /** The request whose answer never comes. */
  readonly after: RegExp;
  /** What the service shows of its credentials, and how the second generation stands there. */
  readonly marks: () => Promise<unknown>;
  readonly mark: string;
  readonly logIn: LogIn;
};

/** A connection cut while the change was made is uncertain, touches nothing in use, and the next run ends what it left. */
export async function expectCutMended(
  rotation: ServiceRotation,
  { proxy, after, marks, mark, logIn }: Cut,
): Promise<void> {
  await rotation.run(0);
  const before = await rotation.read("DATABASE_URL");
  proxy.cutAfter(after);
  const cut = await rotation.run(2);
  expect(cut.tokens[0]?.error).toMatchObject({ kind: "uncertain", code: "connection-lost" });
  expect(proxy.cuts()).toBe(1);
  expect(JSON.stringify(await marks())).toContain(mark);
  expectNothingShown(cut, ["rotators"]);
  expect([await rotation.read("DATABASE_URL"), await logIn(before)]).toEqual([before, true]);

  const retried = await rotation.run(2);
  expect(retried).toMatchObject({ rotated: ["DATABASE"], revoked: ["DATABASE"] });
  expect(JSON.stringify(await marks())).not.toContain(mark);
  expect([await logIn(before), await logIn(await rotation.read("DATABASE_URL"))]).toEqual([
    true,
    true,
  ]);
}
