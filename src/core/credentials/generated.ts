// The shapes of a generated value and of the request for one.

import type { Secret } from "../base/secret.ts";
import type { TokenType } from "../model/schema.ts";

export type GenerateRequest<Type extends TokenType = TokenType> = {
  readonly type: Type;
  /** Characters in all, prefix included; null: the type's default. */
  readonly length: number | null;
  /** What the value begins with; null: the type's default. */
  readonly prefix: string | null;
  /** Whether punctuation is used beside letters and digits; null: the type's default. */
  readonly includeSpecial: boolean | null;
};

export type Generated = {
  readonly value: Secret;
  /** Characters in all; as many bytes, since all are ASCII. */
  readonly length: number;
  readonly prefix: string;
  /** log2 of the number of values that could have come out, each as likely as the others. Not rounded. */
  readonly entropyBits: number;
  /** What a person should know. Never a value. */
  readonly warnings: readonly string[];
};
