// The contract suite of issuers, which each adapter's test runs on the real thing.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Failure } from "../src/core/base/errors.ts";
import type { FailureKind } from "../src/core/base/reported-error.ts";
import { Secret } from "../src/core/base/secret.ts";
import { checkSecretValue } from "../src/core/credentials/secret-value.ts";
import type { Credential, IssueRequest, Issuer } from "../src/core/ports/issuer.ts";
import { expectNothingShown, failureOf, issueRequest, labelOf } from "./issuing.ts";

/** One issuer under test, with a service of its own (or one that remembers nothing of earlier tests). */
export type IssuerFixture = {
  readonly issuer: Issuer;
  /** Uses the credential as a consumer does, not through the issuer: whether the service lets it in. */
  accepts(credential: Credential): Promise<boolean>;
  /** A credential like this one that the service never issued; by default every field ends in another character. */
  spoil?(credential: Credential): Credential;
  /** The same issuer where something is wrong, and what it must say of it; each is opened for its own test. */
  readonly faults?: readonly IssuerFault[];
  /** What must be in no error, as the administrator's password. Values that the tests issue are looked for anyway. */
  readonly canaries?: readonly string[];
  close(): Promise<void>;
};

type IssuerFault = {
  readonly issuer: Issuer;
  readonly kind: FailureKind;
  /** What its message or hint must say, as the privilege that is missing. */
  readonly says?: RegExp;
};

export type IssuerTraits = {
  /** The names of the credential's fields, in order. */
  readonly fields: readonly string[];
  /** Those of them that are no secret, as a user's name or the id of a key; (default: `username`) */
  readonly openFields?: readonly string[];
  /** How many credentials work at a time: with 1, each new one ends the one before. `none`: no service knows of them, and they have no ref. */
  readonly live: "none" | 1 | 2 | "many";
  /** A ref as the issuer could have made it, of a credential that never was. Not with `none`. */
  readonly unknownRef?: string;
  /** The faults that the fixture has, by name, so that each is a test. */
  readonly faults?: readonly string[];
  /** What every request asks for, beside the defaults. */
  readonly request?: Partial<IssueRequest>;
};

type Suite = {
  readonly fixture: () => IssuerFixture;
  readonly traits: IssuerTraits;
  readonly issue: typeof issueNext;
};

const issueNext = (issuer: Issuer, generation: number, more?: Partial<IssueRequest>) =>
  issuer.issue(issueRequest(generation, more));

/** Runs the suite. `setup` gives a fresh fixture for each test. */
export function issuerContract(
  name: string,
  setup: () => Promise<IssuerFixture>,
  traits: IssuerTraits,
): void {
  describe(`the issuer contract: ${name}`, () => {
    let fixture: IssuerFixture;
    beforeEach(async () => {
      fixture = await setup();
    });
    afterEach(async () => {
      await fixture.close();
    });
    const issue: typeof issueNext = (issuer, generation, more) =>
      issueNext(issuer, generation, { ...traits.request, ...more });
    const suite: Suite = { fixture: () => fixture, traits, issue };
    describe("issue", () => issuing(suite));
    describe("check", () => checking(suite));
    if (traits.live !== "none") {
      describe("revoke", () => revoking(suite));
      describe("find", () => finding(suite));
    }
    if (traits.faults !== undefined) describe("faults", () => failing(suite));
  });
}

function issuing({ fixture, traits, issue }: Suite): void {
  test("gives usable fields and the facts that it has", async () => {
    const credential = await issue(fixture().issuer, 1);
    expect(Object.keys(credential.fields)).toEqual(traits.fields);
    for (const value of Object.values(credential.fields))
      expect(checkSecretValue(value)).toBeNull();
    expect(credential.settlesWithinMs).toBeGreaterThanOrEqual(0);
    if (credential.expiresAt !== null) expect(Date.parse(credential.expiresAt)).not.toBeNaN();
    if (traits.live === "none") expect(credential.ref).toBeNull();
    else expect(credential.ref).toMatch(/^\S.*$/);
    expect(await fixture().accepts(credential)).toBe(true);
  });

  test("shows no value, neither in the ref nor in what it warns of", async () => {
    const credential = await issue(fixture().issuer, 1);
    expectNothingShown(credential, [
      ...secretsOf(credential, traits),
      ...(fixture().canaries ?? []),
    ]);
  });

  test("gives another one each time", async () => {
    const { issuer } = fixture();
    const first = await issue(issuer, 1);
    const second = await issue(issuer, 2, { current: first.ref });
    expect(
      secretsOf(second, traits).filter((value) => secretsOf(first, traits).includes(value)),
    ).toEqual([]);
    if (traits.live !== "none") expect(second.ref).not.toBe(first.ref);
    expect(await fixture().accepts(second)).toBe(true);
    const both = traits.live === "none" || traits.live !== 1;
    expect(await fixture().accepts(first)).toBe(both);
  });

  test("leaves nothing behind where it is told to stop before it began", async () => {
    if (traits.live === "none") return;
    const { issuer } = fixture();
    const error = await failureOf(issue(issuer, 1, { signal: AbortSignal.abort() }));
    expect(["unchanged", "uncertain"]).toContain(error.kind);
    expect(await issuer.find(labelOf(1))).toEqual([]);
  });
}

function checking({ fixture, traits, issue }: Suite): void {
  const ask = (credential: Credential) =>
    fixture().issuer.check(credential, AbortSignal.timeout(240_000));

  test("works for what was issued, again and again", async () => {
    const credential = await issue(fixture().issuer, 1);
    expect((await ask(credential)).verdict).toBe("works");
    expect((await ask(credential)).verdict).toBe("works");
    expect(await fixture().accepts(credential)).toBe(true);
  });

  if (traits.live === "none") return;

  test("refuses what was never issued, and says nothing of it", async () => {
    const credential = await issue(fixture().issuer, 1);
    const spoiled = (fixture().spoil ?? spoilAll)(credential);
    const { verdict, detail } = await ask(spoiled);
    expect(verdict).toBe("refused");
    expectNothingShown(detail, [...secretsOf(spoiled, traits), ...(fixture().canaries ?? [])]);
  });

  test("cannot tell where it is told to stop", async () => {
    const credential = await issue(fixture().issuer, 1);
    const asked = fixture().issuer.check(credential, AbortSignal.abort());
    const verdict = await asked.then(
      (result) => result.verdict,
      (error: unknown) => (error instanceof Failure ? "unknown" : "an error of no class"),
    );
    expect(verdict).toBe("unknown");
  });
}

function revoking({ fixture, traits, issue }: Suite): void {
  test("ends the credential; twice is as good as once", async () => {
    const { issuer, accepts } = fixture();
    const credential = await issue(issuer, 1);
    await issuer.revoke(refOf(credential));
    expect(await accepts(credential)).toBe(false);
    expect((await issuer.check(credential, AbortSignal.timeout(240_000))).verdict).toBe("refused");
    await issuer.revoke(refOf(credential));
  });

  test("ends exactly that one, also where an earlier one's place is taken again", async () => {
    const { issuer, accepts } = fixture();
    const first = await issue(issuer, 1);
    const second = await issue(issuer, 2, { current: refOf(first) });
    await issuer.revoke(refOf(first));
    expect([await accepts(first), await accepts(second)]).toEqual([false, true]);
    const third = await issue(issuer, 3, { current: refOf(second) });
    await issuer.revoke(refOf(first));
    expect([await accepts(second), await accepts(third)]).toEqual([traits.live !== 1, true]);
    await issuer.revoke(refOf(second));
    expect([await accepts(second), await accepts(third)]).toEqual([false, true]);
  });

  test("of what never was changes nothing", async () => {
    const { issuer, accepts } = fixture();
    const credential = await issue(issuer, 1);
    if (traits.unknownRef === undefined) throw new Error("the traits name no unknown ref");
    await issuer.revoke(traits.unknownRef);
    expect(await accepts(credential)).toBe(true);
  });
}

function finding({ fixture, traits, issue }: Suite): void {
  test("finds what has that label, and nothing else", async () => {
    const { issuer } = fixture();
    expect(await issuer.find(labelOf(1))).toEqual([]);
    const first = await issue(issuer, 1);
    expect(await issuer.find(labelOf(1))).toEqual([first.ref]);
    for (const other of [
      labelOf(10),
      labelOf(2),
      "acme/widgets/DATABASE/g",
      "acme/widgets/DATABASE/g_",
      "",
      "%",
      "*",
    ]) {
      expect(await issuer.find(other), other).toEqual([]);
    }
    const second = await issue(issuer, 2, { current: first.ref });
    expect(await issuer.find(labelOf(2))).toEqual([second.ref]);
    expect(await issuer.find(labelOf(1))).toEqual(traits.live === 1 ? [] : [first.ref]);
  });

  test("finds nothing of what was ended", async () => {
    const { issuer } = fixture();
    const first = await issue(issuer, 1);
    const second = await issue(issuer, 2, { current: first.ref });
    await issuer.revoke(refOf(first));
    expect(await issuer.find(labelOf(1))).toEqual([]);
    expect(await issuer.find(labelOf(2))).toEqual([second.ref]);
  });

  test("leads to what a run that died left behind, so that it can be ended", async () => {
    const { issuer, accepts } = fixture();
    const orphan = await issue(issuer, 1);
    for (const ref of await issuer.find(labelOf(1))) await issuer.revoke(ref);
    expect(await accepts(orphan)).toBe(false);
    expect(await issuer.find(labelOf(1))).toEqual([]);
  });
}

function failing({ fixture, traits, issue }: Suite): void {
  for (const [index, name] of (traits.faults ?? []).entries()) {
    test(`${name}: a clear error that shows nothing`, async () => {
      const { faults = [], canaries = [] } = fixture();
      const fault = faults[index];
      if (fault === undefined) throw new Error(`the fixture has no fault number ${index}`);
      const error = await failureOf(issue(fault.issuer, 1));
      expect(error.kind).toBe(fault.kind);
      expect(error.hint).toMatch(/\S/);
      if (fault.says) expect(`${error.message} ${error.hint}`).toMatch(fault.says);
      expectNothingShown(error, canaries);
    });
  }
}

/** The values of those fields that are secret. */
function secretsOf({ fields }: Credential, { openFields = ["username"] }: IssuerTraits): string[] {
  return Object.entries(fields).flatMap(([name, value]) =>
    openFields.includes(name) ? [] : [value.reveal()],
  );
}

function refOf({ ref }: Credential): string {
  if (ref === null) throw new Error("the credential has no ref");
  return ref;
}

function spoilAll(credential: Credential): Credential {
  const spoil = (value: Secret) =>
    new Secret(value.reveal().replace(/.$/, (last) => (last === "x" ? "y" : "x")));
  return {
    ...credential,
    fields: Object.fromEntries(
      Object.entries(credential.fields).map(([name, value]) => [name, spoil(value)]),
    ),
  };
}
