// The JSON Schema of token_config.json, from the same definition that validates it.
import * as z from "zod";
import { SCHEMA_URL } from "../base/project.ts";
import {
  ALL_TOKENS,
  LABEL_PATTERN,
  MAX_NAME_LENGTH,
  NAME_PATTERN,
  recordSchema,
} from "../model/schema.ts";

// The definition lets any name through, so that `parseConfig` can say what is wrong with one; an editor underlines it at once.
const TOKEN_NAMES = {
  type: "string",
  pattern: NAME_PATTERN.source,
  maxLength: MAX_NAME_LENGTH,
  not: { enum: [ALL_TOKENS, "__proto__"] },
};
const WORKFLOW_NAMES = {
  type: "string",
  pattern: LABEL_PATTERN.source,
  maxLength: MAX_NAME_LENGTH,
  not: { enum: ["__proto__"] },
};

/**
 * Draft-07, which editors know best. It says what shape a file has; which names, schedules and zones exist
 * is beyond it, and `parseConfig` reports it.
 */
export function jsonSchema(): Readonly<Record<string, unknown>> {
  const {
    $schema,
    properties = {},
    ...rest
  } = z.toJSONSchema(recordSchema, { target: "draft-7", io: "input" });
  const { tokens, rules, workflows } = properties;
  return {
    $schema,
    $id: SCHEMA_URL,
    ...rest,
    properties: {
      ...properties,
      tokens: { ...Object(tokens), propertyNames: TOKEN_NAMES },
      rules: { ...Object(rules), propertyNames: TOKEN_NAMES },
      workflows: { ...Object(workflows), propertyNames: WORKFLOW_NAMES },
    },
  };
}

/** As it is published: two-space JSON with a line break at its end. */
export function jsonSchemaText(): string {
  return `${JSON.stringify(jsonSchema(), null, 2)}\n`;
}
