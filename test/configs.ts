// A config with every section and most fields, and what it looks like with one part of it damaged.

/** Accepted by parseConfig in every kind of home. */
export const FULL_CONFIG = {
  $schema: "https://example.com/token_config.schema.json",
  version: 1,
  settings: {
    timezone: "UTC",
    health: { high_risk_days: 30 },
    journal: "auto",
  },
  tokens: {
    A: {
      type: "api_key",
      length: 32,
      prefix: "",
      include_special: false,
      issuer: { use: "generate" },
      destinations: [
        { to: "actions", repository: "acme/x", secret: { KEY: "value" } },
        { to: "vault", secret: "V" },
        { to: "environment", environment: "production", repository: "acme/x" },
        {
          to: "organization",
          organization: "acme",
          app: "dependabot",
          visibility: "selected",
          repositories: ["x"],
        },
        { to: "file", path: "/run/secrets", format: "files" },
      ],
      groups: ["G"],
      expires_at: "2027-01-01T00:00:00Z",
    },
  },
  rules: { A: { interval_hours: 24, auto_rotate: true, notify: true } },
  workflows: { w: { tokens: ["A"], schedule: "@daily", timezone: "UTC", enabled: true } },
  state: {
    tokens: {
      A: {
        current: {
          generation: 1,
          fingerprint: null,
          ref: null,
          destinations: {},
          rotated_at: null,
        },
        pending: null,
        failures: 0,
        last_error: null,
      },
    },
    workflows: { w: { first_seen_at: "2026-01-01T00:00:00Z" } },
    history: { entries: 1, digest: "ab".repeat(32) },
    requests: {
      cd: {
        asked: "ef",
        at: "2026-01-01T00:00:00Z",
        run_id: "r",
        tokens: [
          {
            token_name: "A",
            at: "2026-01-01T00:00:00Z",
            generation: 1,
            previous_hash: null,
            new_hash: null,
          },
        ],
      },
    },
    set_at: { rules: { A: "2026-01-01T00:00:00Z" }, workflows: {} },
  },
};

/** Keys that people put where they do not belong. */
const STRAY_KEYS = ["value", "token", "password", "note", "to", "use", "secret", "x-note"];

/** Every copy of a document in which one part has been replaced by `put`, taken out, or joined by a stray key that holds `put`. */
export function* damaged(value: unknown, put: unknown): Generator<unknown> {
  yield put;
  if (Array.isArray(value)) {
    for (const [index, inner] of value.entries())
      for (const copy of damaged(inner, put)) yield value.with(index, copy);
  } else if (typeof value === "object" && value !== null) {
    for (const key of STRAY_KEYS) if (!Object.hasOwn(value, key)) yield { ...value, [key]: put };
    for (const [key, inner] of Object.entries(value)) {
      yield Object.fromEntries(Object.entries(value).filter(([other]) => other !== key));
      for (const copy of damaged(inner, put)) yield { ...value, [key]: copy };
    }
  }
}
