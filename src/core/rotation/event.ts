// The events and stages of one token's rotation.
import type { ReportedError } from "../base/reported-error.ts";
import type { IssuerDeclaration, RequestMark } from "../model/schema.ts";
import type { SealedBox } from "../ports/destination.ts";

/** What the record keeps of a credential's fields. */
export type Prints = {
  readonly fingerprint: string | null;
  /** The key that the fingerprint was made with, if it was made with one. */
  readonly fingerprintKey?: string | null;
  /** Fingerprints of the other fields that are placed and hold another value; null if none is kept. */
  readonly fingerprints?: Readonly<Record<string, string | null>>;
};

/** The stages of a rotation; `STAGES` says what each one means. */
export type Stage =
  | "idle"
  | "intent"
  | "issued"
  | "sealed"
  | "placing"
  | "placed"
  | "proved"
  | "retiring"
  | "failed"
  | "stuck";

export type RotationEvent =
  /** A run takes the token up and makes a new generation, leaving behind whatever was pending. */
  | {
      readonly type: "begin";
      readonly runId: string;
      readonly declaration: string;
      readonly issuer: string;
      /** For a service that keeps what it makes: the label it is found by, and the issuer's options. */
      readonly outside?: { readonly label: string; readonly issuing: IssuerDeclaration } | null;
      readonly destinations: readonly string[];
      /** ISO 8601 */
      readonly leaseUntil: string;
      readonly mark?: RequestMark | null;
    }
  | ({
      readonly type: "issued";
      readonly ref: string | null;
      readonly expiresAt: string | null;
    } & Prints)
  /** `boxes` is null if they may not be journalled. */
  | { readonly type: "sealed"; readonly boxes: Readonly<Record<string, SealedBox>> | null }
  /** A run takes up what an earlier one journalled. */
  | {
      readonly type: "resume";
      readonly runId: string;
      readonly leaseUntil: string;
      readonly mark?: RequestMark | null;
    }
  | { readonly type: "placed"; readonly destination: string }
  | { readonly type: "refused"; readonly destination: string; readonly error: ReportedError }
  /** Every destination has been tried once in this run. */
  | { readonly type: "settle"; readonly stuckAfter: number }
  /** Issuing, checking or sealing failed: nothing was placed. */
  | {
      readonly type: "abandon";
      readonly error: ReportedError;
      readonly stuckAfter: number;
      /** The service holds nothing: the credential was never made, or is revoked. */
      readonly clean?: boolean;
      /** When the service takes requests again, if it said so. */
      readonly notBefore?: Date | null;
    }
  /** A consumer was seen with this generation, with the one before, or with neither. */
  | {
      readonly type: "seen";
      readonly verdict: "current" | "previous" | "other";
      /** The destinations whose secret was seen with this generation. */
      readonly destinations?: readonly string[];
      /** The destinations that must have been seen before it counts as proved. */
      readonly required?: readonly string[];
    }
  | { readonly type: "revoked"; readonly generation: number }
  | { readonly type: "revoke-failed"; readonly generation: number; readonly error: ReportedError }
  /** A person says: try again now. */
  | { readonly type: "retry" }
  /** A person says: give up what is pending. */
  | { readonly type: "abort" };

export type EventOf<Type extends RotationEvent["type"]> = Extract<RotationEvent, { type: Type }>;
