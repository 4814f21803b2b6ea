// Key pairs: Ed25519, RSA and ECDSA, the private key as PEM, OpenSSH or JWK, the public one in every form.
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair as generateWithCallback,
  type KeyObject,
} from "node:crypto";
import { promisify } from "node:util";
import { Secret } from "../base/secret.ts";
import type { GenerateDeclaration } from "../model/schema.ts";

type KeyAlgorithm = NonNullable<GenerateDeclaration["algorithm"]>;
type KeyFormat = NonNullable<GenerateDeclaration["format"]>;

export type KeyPairRequest = {
  /** Null: ed25519. */
  readonly algorithm: KeyAlgorithm | null;
  /** Of an RSA key; null: 3072. */
  readonly bits: number | null;
  /** Of the private key; null: pem. */
  readonly format: KeyFormat | null;
};

/** A public key in every form that it may be wanted in. */
export type PublicForms = {
  /** RFC 7638 thumbprint, SHA-256, base64url: the key's id everywhere. */
  readonly kid: string;
  /** SubjectPublicKeyInfo (RFC 5280, 7468), with its last line break. */
  readonly pem: string;
  /** One line without a comment or line break (RFC 4253, section 6.6). */
  readonly openssh: string;
  /** RFC 7517, with `kid`, `alg` and `use`. */
  readonly jwk: Readonly<Record<string, string>>;
};

export type KeyPair = {
  /** PKCS#8 PEM with its last line break, OpenSSH's own format likewise, or a JWK on one line. */
  readonly privateKey: Secret;
  readonly publicKey: PublicForms;
  /** In the form that goes with the private key's format. */
  readonly publicText: string;
  /** The strength of the algorithm, not the bits that were drawn: what it takes to find the private key from the public one. */
  readonly strengthBits: number;
  readonly warnings: readonly string[];
};

type Kind = {
  readonly alg: string;
  readonly strength: number;
  readonly make: () => Promise<{ readonly privateKey: KeyObject }>;
};

const DEFAULT_RSA_BITS = 3072;
/** NIST SP 800-57 part 1, table 2; 4096 by the formula of FIPS 140 IG D.B. */
const RSA_STRENGTH: Readonly<Record<number, number>> = { 2048: 112, 3072: 128, 4096: 152 };
const STRONG_BITS = 128;

const generate = promisify(generateWithCallback);

function kindOf({ algorithm, bits }: KeyPairRequest): Kind {
  switch (algorithm ?? "ed25519") {
    case "ed25519":
      return {
        alg: "EdDSA",
        strength: 128,
        make: () => generate("ed25519"),
      };
    case "ecdsa":
      return {
        alg: "ES256",
        strength: 128,
        make: () => generate("ec", { namedCurve: "P-256" }),
      };
    case "rsa": {
      const modulusLength = bits ?? DEFAULT_RSA_BITS;
      const strength = RSA_STRENGTH[modulusLength] ?? 0;
      return {
        alg: "RS256",
        strength,
        make: () => generate("rsa", { modulusLength }),
      };
    }
  }
}

/**
 * Makes a key pair with the system's generator.
 * @param comment what OpenSSH's format carries beside the key
 */
export async function generateKeyPair(request: KeyPairRequest, comment = ""): Promise<KeyPair> {
  const { alg, strength, make } = kindOf(request);
  const { privateKey: key } = await make();
  const publicKey = await publicForms(createPublicKey(key), alg);
  const format = request.format ?? "pem";
  return {
    privateKey: new Secret(await privateText(key, format, { jwk: publicKey.jwk, comment })),
    publicKey,
    publicText: {
      pem: publicKey.pem,
      openssh: publicKey.openssh,
      jwk: JSON.stringify(publicKey.jwk),
    }[format],
    strengthBits: strength,
    warnings:
      strength < STRONG_BITS
        ? [
            `An RSA key of 2048 bits has a strength of ${strength} bits, under ${STRONG_BITS}: 3072 would have enough.`,
          ]
        : [],
  };
}

async function publicForms(key: KeyObject, alg: string): Promise<PublicForms> {
  const { calculateJwkThumbprint } = await import("jose");
  const exported = stringsOf(key.export({ format: "jwk" }));
  const kid = await calculateJwkThumbprint(exported);
  const pem = key.export({ type: "spki", format: "pem" }).toString();
  const { default: sshpk } = await import("sshpk");
  const parsed = sshpk.parseKey(pem, "pem");
  parsed.comment = "";
  return {
    kid,
    pem,
    openssh: parsed.toString("ssh").trim(),
    jwk: { ...exported, kid, alg, use: "sig" },
  };
}

/** The id (RFC 7638) of a public key in any of its forms; null for a text that is none. */
export async function keyIdOf(publicText: string): Promise<string | null> {
  const { calculateJwkThumbprint } = await import("jose");
  try {
    if (publicText.startsWith("{"))
      return await calculateJwkThumbprint(stringsOf(JSON.parse(publicText)));
    const pem = publicText.startsWith("-----") ? publicText : await pemOfOpenssh(publicText);
    return await calculateJwkThumbprint(stringsOf(createPublicKey(pem).export({ format: "jwk" })));
  } catch {
    return null;
  }
}

async function pemOfOpenssh(line: string): Promise<string> {
  const { default: sshpk } = await import("sshpk");
  return sshpk.parseKey(line, "ssh").toString("pkcs8");
}

async function privateText(
  key: KeyObject,
  format: KeyFormat,
  { jwk, comment }: { jwk: PublicForms["jwk"]; comment: string },
): Promise<string> {
  switch (format) {
    case "pem":
      return key.export({ type: "pkcs8", format: "pem" }).toString();
    case "jwk":
      return JSON.stringify({
        ...stringsOf(key.export({ format: "jwk" })),
        kid: jwk.kid,
        alg: jwk.alg,
        use: jwk.use,
      });
    case "openssh": {
      const { default: sshpk } = await import("sshpk");
      const parsed = sshpk.parsePrivateKey(key.export({ type: "pkcs8", format: "pem" }), "pkcs8");
      parsed.comment = comment;
      return `${parsed.toString("openssh").trim()}\n`;
    }
  }
}

function stringsOf(jwk: object): Record<string, string> {
  return Object.fromEntries(
    Object.entries(jwk).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

/**
 * Reads an App's or another service's private key: PKCS#1 or PKCS#8 PEM, also where line breaks were written as `\n`.
 * @returns null where it is none
 */
export function parsePrivateKey(pem: Secret): KeyObject | null {
  const text = pem.reveal().replaceAll("\\n", "\n").trim();
  try {
    return createPrivateKey(text);
  } catch {
    return null;
  }
}
