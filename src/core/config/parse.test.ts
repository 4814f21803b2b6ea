import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GITHUB, LOCAL, tellProblems } from "../../../test/problems.ts";
import { DESTINATIONS, ISSUERS } from "../model/schema.ts";
import { parseConfig, serializeConfig, validateConfig } from "./parse.ts";

/** The example of the contract, with what the program has added. */
const WHOLE = `{
  "$schema": "https://example.com/token_config.schema.json",
  "version": 1,
  "settings": {
    "timezone": "UTC",
    "health": { "recently_rotated_hours": 24, "should_rotate_days": 7, "needs_rotation_days": 14, "high_risk_days": 30 },
    "journal": "auto"
  },
  "tokens": {
    "API_KEY": {
      "type": "api_key",
      "length": 32, "prefix": "", "include_special": false,
      "issuer": { "use": "generate" },
      "destinations": [ { "to": "actions" }, { "to": "actions", "repository": "acme/other", "secret": { "KEY": "value" } } ],
      "groups": ["CRITICAL_TOKENS"],
      "expires_at": "2027-01-01T00:00:00Z",
      "x-owner": "platform team"
    }
  },
  "rules": { "API_KEY": { "interval_hours": 24, "auto_rotate": true, "notify": true } },
  "workflows": {
    "daily_security": { "tokens": ["ALL_TOKENS", "CRITICAL_TOKENS", "API_KEY"], "schedule": "0 2 * * *", "timezone": "Europe/Berlin", "enabled": true }
  },
  "state": {
    "tokens": { "API_KEY": { "current": { "generation": 3, "fingerprint": "sha256:00", "ref": null, "destinations": {}, "rotated_at": "2026-01-01T00:00:00Z" }, "pending": null, "failures": 0, "last_error": null } },
    "workflows": { "daily_security": { "first_seen_at": "2026-01-01T00:00:00Z", "last_run_at": "2026-01-02T00:00:00Z" } },
    "history": { "entries": 0, "digest": null }
  },
  "x-notes": { "anything": [1, { "goes": null }] }
}`;

describe("good files", () => {
  test.each([
    ["nothing but an object", "{}"],
    ["with a byte order mark", '\ufeff{"version": 1}'],
    ["with Windows line breaks", '{\r\n"version": 1\r\n}\r\n'],
    ["with everything", WHOLE],
  ])("%s", (_, text) => {
    for (const home of [GITHUB, { kind: "local", repository: "acme/app" } as const])
      expect(tellProblems(text, home)).toBe("ok");
  });

  test("under a key that begins with x- anything stands, and survives", () => {
    const text = `${JSON.stringify(JSON.parse('{"x-a": {"__proto__": {"x-a": 1}, "version": 7}, "tokens": {"A": {"x-b": {"__proto__": 1}}}}'), null, 2)}\n`;
    const parsed = parseConfig(text, GITHUB);
    expect(parsed.ok && serializeConfig(parsed.config)).toBe(text);
  });

  test("the config is what stands in the file: no default added, no key dropped or moved", () => {
    const parsed = parseConfig(WHOLE, GITHUB);
    expect(parsed.ok && JSON.stringify(parsed.config)).toBe(JSON.stringify(JSON.parse(WHOLE)));
  });

  test("a token may be called as the vault accepts it, where it goes to the vault or takes another name on GitHub", () => {
    expect(tellProblems('{"tokens": {"GITHUB_TOKEN": {}}}', LOCAL)).toBe("ok");
    expect(
      tellProblems(
        '{"tokens": {"GITHUB_TOKEN": {"destinations": [{"to": "actions", "secret": "GH_TOKEN"}]}}}',
      ),
    ).toBe("ok");
  });
});

describe("bad files: every mistake at once", () => {
  test("values where the names of workflows and groups belong, in no pointer either", () => {
    const value = `ghp_${"a1B2".repeat(9)}`;
    const text = `{
  "tokens": { "A": { "groups": ["${value}"] }, "${value}": {} },
  "workflows": { "${value}": { "tokens": ["A"], "schedule": "@daily" } }
}`;
    const told = tellProblems(text);
    expect(told).not.toContain(value);
    expect(told).toMatchInlineSnapshot(`
      "2:33 /tokens/A/groups/0 value-as-name
        a string of 40 characters stands where a name belongs and looks like the value of a credential
        > Write a name; if it was a value, revoke it: git keeps what was committed.
      2:80 /tokens/… value-as-name
        a string of 40 characters stands where a name belongs and looks like the value of a credential
        > Write a name; if it was a value, revoke it: git keeps what was committed.
      3:18 /workflows/… value-as-name
        a string of 40 characters stands where a name belongs and looks like the value of a credential
        > Write a name; if it was a value, revoke it: git keeps what was committed."
    `);
  });

  test("an administrator's URL in place of its variable's name is refused and not shown; what a database's password cannot be is told at once", () => {
    const text = `{ "tokens": {
  "A": { "issuer": { "use": "postgres", "admin_url_variable": "postgres://root:c4nary@db/app", "users": ["a", "b"] } },
  "B": { "length": 3, "issuer": { "use": "mysql", "admin_url_variable": "URL", "users": [] } },
  "C": { "length": 3, "issuer": { "use": "redis", "admin_url_variable": "URL", "user": "a b" } },
  "D": { "length": 3, "issuer": { "use": "redis", "admin_url_variable": "URL", "user": "a" } }
} }`;
    const told = tellProblems(text);
    expect(told).not.toContain("c4nary");
    expect(told).toMatchInlineSnapshot(`
      "2:63 /tokens/A/issuer/admin_url_variable invalid-variable
        issuer.admin_url_variable of the token "A" must be the name of an environment variable; it is a string of 29 characters
        > Write the name alone, as PG_ADMIN_URL; the URL is never written here.
      3:89 /tokens/B/issuer/users empty
        issuer.users of the token "B" must not be empty
        > Name the users that take turns, at least two if consumers are to log in at every moment.
      4:88 /tokens/C/issuer/user invalid-user
        issuer.user of the token "C" must be the name of a user; it is "a b"
        > Use no spaces.
      5:8 /tokens/D length-too-short
        no value can be made for the token "D": only 3 of the 3 characters would be random
        > Make the length at least 4, better 32: shorter values cannot be masked in logs."
    `);
  });

  test("maps from secrets to fields that there will not be", () => {
    const text = `{ "tokens": {
  "A": { "destinations": [{ "to": "actions", "secret": {} }] },
  "B": { "destinations": [{ "to": "actions", "secret": { "B_ID": "access_key", "B_ID_2": "value" } }] }
} }`;
    expect(tellProblems(text)).toMatchInlineSnapshot(`
      "2:56 /tokens/A/destinations/0/secret empty
        destinations[0].secret of the token "A" must not be empty
        > Name a secret, or leave it out to use the token's own name.
      3:66 /tokens/B/destinations/0/secret/B_ID unknown-field
        destinations[0].secret of the token "B" asks for the field "access_key", which the credential will not have
        > Its only field is "value"."
    `);
  });

  test("unknown keys, kinds and words", () => {
    const text = `{
  "version": 1,
  "token": {},
  "setings": {},
  "settings": { "timezone": "Europe/Berln", "health": { "high_risk": 30 }, "journal": "always", "history_limit": 1.5 },
  "tokens": {
    "A": { "type": "passwrod", "length": "32", "include_special": "true", "issuer": { "use": "carrier_pigeon" } },
    "B": { "destinations": [{ "to": "action" }, { "to": "netlify", "site": "x" }, { "secret": "X" }, "vault", { "to": "vault", "secrets": "Y" }] },
    "C": { "issuer": "generate", "destinations": { "to": "vault" }, "groups": ["a b", 3], "expires_at": "2027-01-01" },
    "D": null,
    "E": { "prefix": "two words", "destinations": [{ "to": "actions", "repository": "acme", "secret": 5 }] }
  },
  "rules": { "A": {}, "B": { "interval_hours": 24, "autorotate": false }, "C": [] },
  "workflows": { "w": { "tokens": "ALL_TOKENS", "schedule": 5, "cron": "0 0 * * *" }, "v": { "tokens": [], "schedule": "@daily", "enabled": 1 } }
}`;
    const shown = tellProblems(text)
      .replaceAll(ISSUERS.join(", "), "(every issuer)")
      .replaceAll(DESTINATIONS.join(", "), "(every destination)");
    expect(shown).toMatchInlineSnapshot(`
      "3:3 /token unknown-key
        the file has the unknown key "token"
        > Did you mean tokens?
      4:3 /setings unknown-key
        the file has the unknown key "setings"
        > Did you mean settings?
      5:29 /settings/timezone unknown-timezone
        settings.timezone is "Europe/Berln", which is no time zone
        > Did you mean Europe/Berlin?
      5:57 /settings/health/high_risk unknown-key
        settings.health has the unknown key "high_risk"
        > Did you mean high_risk_days?
      5:87 /settings/journal unknown-journal-mode
        settings.journal is "always", which is no journal mode that this version knows
        > Known: auto, sealed, intent.
      5:97 /settings/history_limit unknown-key
        settings has the key history_limit, which is not needed any more
        > Delete it: each entry goes to token_history/ once, and the record stays short. \`token-automation migrate\` does it too.
      7:20 /tokens/A/type unknown-type
        type of the token "A" is "passwrod", which is no type that this version knows
        > Did you mean password? Known: api_key, github_pat, secret_key, password, hex, base64url, uuid, key_pair, custom.
      7:42 /tokens/A/length wrong-type
        length of the token "A" must be a number; it is a string of 2 characters
        > Write the number without quotes.
      7:67 /tokens/A/include_special wrong-type
        include_special of the token "A" must be true or false; it is "true"
        > Write true or false in small letters and without quotes.
      7:94 /tokens/A/issuer/use unknown-issuer
        issuer.use of the token "A" is "carrier_pigeon", which is no issuer that this version knows
        > Known: (every issuer).
      8:37 /tokens/B/destinations/0/to unknown-destination
        destinations[0].to of the token "B" is "action", which is no destination that this version knows
        > Did you mean actions? Known: (every destination).
      8:57 /tokens/B/destinations/1/to unknown-destination
        destinations[1].to of the token "B" is "netlify", which is no destination that this version knows
        > Known: (every destination).
      8:83 /tokens/B/destinations/2/to missing-key
        destinations[2] of the token "B" lacks "to"
        > Add "to": one of: (every destination).
      8:102 /tokens/B/destinations/3 wrong-type
        destinations[3] of the token "B" must be an object; it is "vault"
        > Write { "to": "vault" }.
      8:128 /tokens/B/destinations/4/secrets unknown-key
        destinations[4] of the token "B" has the unknown key "secrets"
        > Did you mean secret?
      9:22 /tokens/C/issuer wrong-type
        issuer of the token "C" must be an object; it is "generate"
        > Put it into braces: { … }.
      9:50 /tokens/C/destinations wrong-type
        destinations of the token "C" must be a list; it is an object
        > Put it into brackets: [ … ].
      9:80 /tokens/C/groups/0 invalid-group-name
        groups[0] of the token "C" must be the name of a group; it is "a b"
        > Use letters, digits, underscores, dots and dashes.
      9:87 /tokens/C/groups/1 wrong-type
        groups[1] of the token "C" must be a string; it is 3
        > -
      9:105 /tokens/C/expires_at invalid-time
        expires_at of the token "C" must be a time; it is a string of 10 characters
        > Write it with date, time and zone, as "2027-01-01T00:00:00Z".
      10:10 /tokens/D wrong-type
        the token "D" must be an object; it is null
        > Put it into braces: { … }.
      11:22 /tokens/E/prefix invalid-prefix
        prefix of the token "E" must be printable ASCII without spaces; it is "two words"
        > Write something like "myapp_".
      11:85 /tokens/E/destinations/0/repository invalid-repository
        destinations[0].repository of the token "E" must be the name of a repository; it is "acme"
        > Write "owner/name".
      11:103 /tokens/E/destinations/0/secret wrong-type
        destinations[0].secret of the token "E" must be a string; it is 5
        > Write the secret's name, or a map from secret names to the credential's fields.
      13:19 /rules/A/interval_hours missing-key
        the rule for "A" lacks "interval_hours"
        > Add "interval_hours": a number.
      13:52 /rules/B/autorotate unknown-key
        the rule for "B" has the unknown key "autorotate"
        > Did you mean auto_rotate?
      13:80 /rules/C wrong-type
        the rule for "C" must be an object; it is an empty list
        > Put it into braces: { … }.
      14:35 /workflows/w/tokens wrong-type
        tokens of the workflow "w" must be a list; it is a string of 10 characters
        > Put it into brackets: [ … ].
      14:61 /workflows/w/schedule wrong-type
        schedule of the workflow "w" must be a string; it is 5
        > -
      14:64 /workflows/w/cron unknown-key
        the workflow "w" has the unknown key "cron"
        > Known here: tokens, schedule, timezone, enabled. Notes of your own go under keys that begin with "x-".
      14:104 /workflows/v/tokens empty
        tokens of the workflow "v" must not be empty
        > -
      14:141 /workflows/v/enabled wrong-type
        enabled of the workflow "v" must be true or false; it is 1
        > -"
    `);
  });

  test("numbers out of range", () => {
    const text = `{
  "settings": { "health": { "should_rotate_days": 0, "high_risk_days": 10 }, "history_limit": 100000000000000000000 },
  "tokens": {
    "ZERO": { "length": 0 },
    "HUGE": { "length": 1000000000 },
    "HALF": { "length": 2.5 },
    "SHORT": { "length": 10, "prefix": "twelve_chars" },
    "PAT": { "type": "github_pat", "length": 41 }
  },
  "rules": {
    "ZERO": { "interval_hours": 0 }, "HUGE": { "interval_hours": -5 }, "HALF": { "interval_hours": 1e9 }, "SHORT": { "interval_hours": 1e400 },
    "PAT": { "interval_hours": "24" }
  }
}`;
    expect(tellProblems(text)).toMatchInlineSnapshot(`
      "2:51 /settings/health/should_rotate_days out-of-range
        settings.health.should_rotate_days must be more than 0; it is 0
        > -
      2:78 /settings/history_limit unknown-key
        settings has the key history_limit, which is not needed any more
        > Delete it: each entry goes to token_history/ once, and the record stays short. \`token-automation migrate\` does it too.
      4:25 /tokens/ZERO/length out-of-range
        length of the token "ZERO" must be at least 1; it is 0
        > -
      5:25 /tokens/HUGE/length out-of-range
        length of the token "HUGE" must be at most 49152; it is 1000000000
        > -
      6:25 /tokens/HALF/length wrong-type
        length of the token "HALF" must be a whole number; it is 2.5
        > -
      7:14 /tokens/SHORT prefix-too-long
        no value can be made for the token "SHORT": the prefix has 12 characters, and the whole value was to have 10
        > The length counts the prefix: make it at least 16, better 44.
      8:12 /tokens/PAT length-fixed
        no value can be made for the token "PAT": a github_pat has 40 characters, not 41
        > Leave the length out, or make it 40.
      11:33 /rules/ZERO/interval_hours out-of-range
        interval_hours of the rule for "ZERO" must be at least 1; it is 0
        > An interval is 1 to 87600 hours (ten years).
      11:66 /rules/HUGE/interval_hours out-of-range
        interval_hours of the rule for "HUGE" must be at least 1; it is -5
        > An interval is 1 to 87600 hours (ten years).
      11:100 /rules/HALF/interval_hours out-of-range
        interval_hours of the rule for "HALF" must be at most 87600; it is 1000000000
        > An interval is 1 to 87600 hours (ten years).
      11:136 /rules/SHORT/interval_hours out-of-range
        interval_hours of the rule for "SHORT" is too large a number
        > An interval is 1 to 87600 hours (ten years).
      12:32 /rules/PAT/interval_hours wrong-type
        interval_hours of the rule for "PAT" must be a number; it is a string of 2 characters
        > Write the number without quotes."
    `);
  });

  test("names, by the destination they go to", () => {
    const text = `{
  "tokens": {
    "GITHUB_TOKEN": {},
    "GITHUB_APP": { "destinations": [{ "to": "vault" }, { "to": "actions", "secret": "GITHUB_APP_KEY" }] },
    "my-key": { "destinations": [{ "to": "actions", "secret": "also-bad" }, { "to": "vault", "secret": { "1ST": "value", "OK": "" } }] },
    "2FA": {},
    "": {},
    "ALL_TOKENS": {},
    "${"N".repeat(256)}": {},
    "Api_Key": {},
    "API_KEY": {},
    "COPY": { "destinations": [{ "to": "actions", "secret": "api_key" }, { "to": "actions", "repository": "ACME/App", "secret": "copy_2" }] },
    "COPY_2": {},
    "TWICE": { "destinations": [{ "to": "actions" }, { "to": "actions" }] }
  }
}`;
    expect(tellProblems(text)).toMatchInlineSnapshot(`
      "3:5 /tokens/GITHUB_TOKEN reserved-name
        "GITHUB_TOKEN" cannot be a secret's name on GitHub: names that begin with GITHUB_ are reserved
        > Call it GH_TOKEN.
      4:86 /tokens/GITHUB_APP/destinations/1/secret reserved-name
        "GITHUB_APP_KEY" cannot be a secret's name on GitHub: names that begin with GITHUB_ are reserved
        > Call it GH_APP_KEY.
      5:5 /tokens/my-key invalid-name
        "my-key" cannot be a secret's name: only letters A to Z, digits and underscores are accepted
        > Call it MY_KEY.
      5:63 /tokens/my-key/destinations/0/secret invalid-name
        "also-bad" cannot be a secret's name: only letters A to Z, digits and underscores are accepted
        > Call it ALSO_BAD.
      5:106 /tokens/my-key/destinations/1/secret/1ST invalid-name
        "1ST" cannot be a secret's name: it begins with a digit
        > Call it _1ST.
      5:128 /tokens/my-key/destinations/1/secret/OK empty
        destinations[1].secret.OK of the token "my-key" must not be empty
        > Name a field of the credential: most have one, "value".
      6:5 /tokens/2FA invalid-name
        "2FA" cannot be a secret's name: it begins with a digit
        > Call it _2FA.
      7:5 /tokens/ empty-name
        a secret's name is empty
        > Use letters, digits and underscores, beginning with a letter.
      8:5 /tokens/ALL_TOKENS reserved-name
        ALL_TOKENS means every token and cannot be the name of one
        > Give the token another name.
      9:5 /tokens/NNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNN name-too-long
        a secret's name has 256 characters; at most 255 are accepted
        > Use letters, digits and underscores, beginning with a letter.
      11:5 /tokens/API_KEY same-name
        the tokens "Api_Key" and "API_KEY" differ only in capitals, which GitHub does not tell apart
        > Rename one of them, or remove it.
      12:32 /tokens/COPY/destinations/0 same-destination
        the tokens "Api_Key" and "COPY" write the same secret, so each would overwrite the other
        > Give one of them another "secret", or remove it.
      13:5 /tokens/COPY_2 same-destination
        the tokens "COPY" and "COPY_2" write the same secret, so each would overwrite the other
        > Give one of them another "secret", or remove it.
      14:54 /tokens/TWICE/destinations/1 same-destination
        two destinations of the token "TWICE" write the same secret, so each would overwrite the other
        > Give one of them another "secret", or remove it."
    `);
  });

  test("names that must fit one another", () => {
    const text = `{
  "settings": { "timezone": "CET/Nowhere" },
  "tokens": { "API_KEY": { "groups": ["CRITICAL", "DB_PASSWORD", "ALL_TOKENS"] }, "DB_PASSWORD": { "type": "password" } },
  "rules": { "APIKEY": { "interval_hours": 24 }, "WEBHOOK": { "interval_hours": 24 } },
  "workflows": {
    "daily": { "tokens": ["API_KEY", "CRITCAL", "ALL_TOKEN", "WEBHOOK"], "schedule": "0 0 0 * * *" },
    "never": { "tokens": ["API_KEY"], "schedule": "0 0 31 2 *", "timezone": "America/New York" },
    "on fire": { "tokens": ["API_KEY"], "schedule": "every day" }
  }
}`;
    expect(tellProblems(text)).toMatchInlineSnapshot(`
      "2:29 /settings/timezone unknown-timezone
        settings.timezone is a string of 11 characters, which is no time zone
        > Name a zone of the IANA database, as "UTC" or "Europe/Berlin".
      3:51 /tokens/API_KEY/groups/1 ambiguous-group
        the token "API_KEY" is in a group called "DB_PASSWORD", which is also the name of a token
        > Give the group another name.
      3:66 /tokens/API_KEY/groups/2 ambiguous-group
        the token "API_KEY" is in a group called "ALL_TOKENS", which means every token
        > Give the group another name.
      4:14 /rules/APIKEY unknown-token
        a rule names "APIKEY", which is not declared
        > Did you mean API_KEY?
      4:50 /rules/WEBHOOK unknown-token
        a rule names "WEBHOOK", which is not declared
        > Declare the token under "tokens", or remove its rule.
      6:38 /workflows/daily/tokens/1 unknown-member
        the workflow "daily" names "CRITCAL", which is neither a token nor a group
        > Did you mean CRITICAL?
      6:49 /workflows/daily/tokens/2 unknown-member
        the workflow "daily" names "ALL_TOKEN", which is neither a token nor a group
        > Did you mean ALL_TOKENS?
      6:62 /workflows/daily/tokens/3 unknown-member
        the workflow "daily" names "WEBHOOK", which is neither a token nor a group
        > Declare it under "tokens", or write ALL_TOKENS for all of them.
      6:86 /workflows/daily/schedule invalid-schedule
        the workflow "daily": the schedule "0 0 0 * * *" has 6 fields, not five: the first of six is seconds in some cron programs, and this one counts in minutes
        > Write minute, hour, day-of-month, month and day-of-week (leave out the seconds), as "7 2 * * *", or one of @hourly, @daily, @weekly, @monthly, @yearly.
      7:51 /workflows/never/schedule invalid-schedule
        the workflow "never": the schedule "0 0 31 2 *" never occurs: none of its months has such a day
        > Choose a day that one of those months has; every month has a 28th.
      7:77 /workflows/never/timezone unknown-timezone
        timezone of the workflow "never" is "America/New York", which is no time zone
        > Did you mean America/New_York?
      8:5 /workflows/on fire invalid-workflow-name
        "on fire" cannot be a workflow's name
        > Use letters, digits, underscores, dots and dashes, at most 255 of them.
      8:53 /workflows/on fire/schedule invalid-schedule
        the workflow "on fire": the schedule "every day" has 2 fields, not five
        > Write minute, hour, day-of-month, month and day-of-week, as "7 2 * * *", or one of @hourly, @daily, @weekly, @monthly, @yearly."
    `);
  });

  test("bands that do not ascend", () => {
    const text =
      '{"settings": {"health": {"should_rotate_days": 20, "high_risk_days": 10, "recently_rotated_hours": 500}}}';
    expect(tellProblems(text)).toMatchInlineSnapshot(`
      "1:48 /settings/health/should_rotate_days bands-out-of-order
        settings.health.should_rotate_days (20) comes before recently_rotated_hours (500)
        > Let each band begin no earlier than the one before it: recently_rotated_hours, should_rotate_days, needs_rotation_days, high_risk_days.
      1:48 /settings/health/should_rotate_days bands-out-of-order
        settings.health.needs_rotation_days (14) comes before should_rotate_days (20)
        > Let each band begin no earlier than the one before it: recently_rotated_hours, should_rotate_days, needs_rotation_days, high_risk_days.
      1:70 /settings/health/high_risk_days bands-out-of-order
        settings.health.high_risk_days (10) comes before needs_rotation_days (14)
        > Let each band begin no earlier than the one before it: recently_rotated_hours, should_rotate_days, needs_rotation_days, high_risk_days."
    `);
  });

  test("a destination on GitHub without a repository", () => {
    const text = '{"tokens": {"A": {"destinations": [{"to": "actions"}, {"to": "vault"}]}}}';
    expect(tellProblems(text, LOCAL)).toMatchInlineSnapshot(`
      "1:36 /tokens/A/destinations/0 no-repository
        the token "A" goes to a repository's Actions secrets, and nothing here says to which repository
        > Add "repository": "owner/name" to the destination, or give the git work tree an origin on GitHub."
    `);
    expect(tellProblems(text, { kind: "local", repository: "acme/app" })).toBe("ok");
  });

  test("damage to what the program writes", () => {
    const text = `{
  "tokens": { "A": {} },
  "state": { "tokens": { "A": { "current": { "generation": -1, "rotated_at": "yesterday" } } }, "history": { "entries": -1 } }
}`;
    expect(tellProblems(text)).toMatchInlineSnapshot(`
      "3:31 /state/tokens/A/pending missing-key
        state.tokens.A lacks "pending"
        > The program writes this section: restore it from the file's history in git.
      3:31 /state/tokens/A/failures missing-key
        state.tokens.A lacks "failures"
        > The program writes this section: restore it from the file's history in git.
      3:31 /state/tokens/A/last_error missing-key
        state.tokens.A lacks "last_error"
        > The program writes this section: restore it from the file's history in git.
      3:44 /state/tokens/A/current/fingerprint missing-key
        state.tokens.A.current lacks "fingerprint"
        > The program writes this section: restore it from the file's history in git.
      3:44 /state/tokens/A/current/ref missing-key
        state.tokens.A.current lacks "ref"
        > The program writes this section: restore it from the file's history in git.
      3:44 /state/tokens/A/current/destinations missing-key
        state.tokens.A.current lacks "destinations"
        > The program writes this section: restore it from the file's history in git.
      3:60 /state/tokens/A/current/generation out-of-range
        state.tokens.A.current.generation must be at least 0; it is -1
        > The program writes this section: restore it from the file's history in git.
      3:78 /state/tokens/A/current/rotated_at invalid-time
        state.tokens.A.current.rotated_at must be a time; it is "yesterday"
        > The program writes this section: restore it from the file's history in git.
      3:108 /state/history/digest missing-key
        state.history lacks "digest"
        > The program writes this section: restore it from the file's history in git.
      3:121 /state/history/entries out-of-range
        state.history.entries must be at least 0; it is -1
        > The program writes this section: restore it from the file's history in git."
    `);
  });

  test("of another kind or another version altogether", () => {
    const files = [
      ["a list", "[]"],
      ["a string", '"x"'],
      ["null", "null"],
      [
        "sections of other kinds",
        '{"tokens": [], "rules": null, "workflows": 1, "settings": "", "state": [], "history": {}}',
      ],
      ["another version", '{"version": 2, "tokens": {"A": {"future": true}}}'],
      ["a version in quotes", '{"version": "1", "tokens": {"A": {"lenght": 32}}}'],
      [
        "reserved keys",
        '{"tokens": {"__proto__": null, "A": {"__proto__": {}}}, "__proto__": 1, "constructor": {}}',
      ],
      ["a first-version file", '{"tokens": {"A": {"type": "x", "value": "hunter2"}}, "rules": 7}'],
      [
        "a record whose token states are flat",
        '{"version": 1, "tokens": {}, "rules": 7, "state": {"tokens": {"A": {"generation": 3}}}}',
      ],
      ["a record whose history is a list", '{"version": 1, "tokens": {}, "history": []}'],
      ["a first-version file by its rules", '{"version": 1, "tokens": {}, "rotation_rules": {}}'],
      [
        "a value in a file of this version",
        '{"version": 1, "tokens": {"A": {"value": "hunter2"}}}',
      ],
    ] as const;
    expect(
      files.map(([name, text]) => `# ${name}\n${tellProblems(text)}`).join("\n\n"),
    ).toMatchInlineSnapshot(`
      "# a list
      1:1 (whole) wrong-type
        the file must be an object; it is an empty list
        > Put it into braces: { … }.

      # a string
      1:1 (whole) wrong-type
        the file must be an object; it is "x"
        > Put it into braces: { … }.

      # null
      1:1 (whole) wrong-type
        the file must be an object; it is null
        > Put it into braces: { … }.

      # sections of other kinds
      1:12 /tokens wrong-type
        tokens must be an object; it is an empty list
        > Put it into braces: { … }.
      1:25 /rules wrong-type
        rules must be an object; it is null
        > Put it into braces: { … }.
      1:44 /workflows wrong-type
        workflows must be an object; it is 1
        > Put it into braces: { … }.
      1:59 /settings wrong-type
        settings must be an object; it is an empty string
        > Put it into braces: { … }.
      1:72 /state wrong-type
        state must be an object; it is an empty list
        > The program writes this section: restore it from the file's history in git.
      1:76 /history unknown-key
        the file holds its history, which is in token_history/ now
        > Run \`token-automation migrate\`: it moves the entries there.

      # another version
      1:13 /version unsupported-version
        the file's version is 2; this program reads version 1
        > Update token-automation: a newer version of it has written this file.

      # a version in quotes
      1:13 /version unsupported-version
        the file's version is a string of 1 character; this program reads version 1
        > Write "version": 1, or leave it out; a file of the first version is imported by \`token-automation migrate\`.
      1:35 /tokens/A/lenght unknown-key
        the token "A" has the unknown key "lenght"
        > Did you mean length?

      # reserved keys
      1:13 /tokens/__proto__ reserved-name
        "__proto__" cannot be a key
        > Give it another name.
      1:38 /tokens/A/__proto__ reserved-name
        "__proto__" cannot be a key
        > Give it another name.
      1:57 /__proto__ reserved-name
        "__proto__" cannot be a key
        > Give it another name.

      # a first-version file
      1:32 /tokens/A/value first-version-file
        the file was written by the first version of the program: it holds value of the token "A"
        > Run \`token-automation migrate\`: rules and workflows carry over, values are dropped, and their tokens become due at once.

      # a record whose token states are flat
      1:69 /state/tokens/A/generation first-edition-record
        the record was written by an earlier edition of the program: it holds state.tokens.A.generation
        > Run \`token-automation migrate\`: it writes the same state in the new shape, and nothing is lost.

      # a record whose history is a list
      1:30 /history first-edition-record
        the record was written by an earlier edition of the program: it holds history
        > Run \`token-automation migrate\`: it writes the same state in the new shape, and nothing is lost.

      # a first-version file by its rules
      1:30 /rotation_rules first-version-file
        the file was written by the first version of the program: it holds rotation_rules
        > Run \`token-automation migrate\`: rules and workflows carry over, values are dropped, and their tokens become due at once.

      # a value in a file of this version
      1:33 /tokens/A/value value-in-config
        the token "A" has the key "value": values have no place in this file, which git keeps for ever
        > Delete it and rotate the token: anyone who can read the repository's history can read the value."
    `);
  });
});

test("what is in doubt because of one mistake is not told as another", () => {
  // The token goes nowhere known, its groups are unknown: neither its name nor the workflow's member can be judged.
  const text = `{"tokens": {"GITHUB_X": {"destinations": [{"to": "valt"}], "groups": "NIGHTLY"}}, "workflows": {"w": {"tokens": ["NIGHTLY"], "schedule": "@daily"}}}`;
  expect(tellProblems(text).match(/^\S.*$/gm)).toEqual([
    "1:50 /tokens/GITHUB_X/destinations/0/to unknown-destination",
    "1:70 /tokens/GITHUB_X/groups wrong-type",
  ]);
  expect(
    tellProblems('{"tokens": [], "rules": {"A": {"interval_hours": 1}}}').match(/^\S.*$/gm),
  ).toEqual(["1:12 /tokens wrong-type"]);
});

describe("a schedule that is none", () => {
  const told = (schedule: string) =>
    validateConfig(
      { tokens: { A: {} }, workflows: { w: { tokens: ["A"], schedule } } },
      GITHUB,
    ).map(({ message }) => message)[0];

  test.each(["*/5 * *", "0 0 L * *", "0 0 1,15W * MON#2", "every monday", "@noon", "? ? ? ? ?"])(
    "%s is quoted",
    (schedule) => {
      expect(told(schedule)).toContain(JSON.stringify(schedule));
    },
  );

  test.each(["hunter2", "abc123def456abc123", "key=12345"])(
    "%s may be a value, and is not",
    (schedule) => {
      expect(told(schedule)).toBe(
        `the workflow "w": a string of ${schedule.length} characters is no schedule`,
      );
    },
  );

  test("is judged at once, whatever it is", () => {
    expect(told(`${"l".repeat(42)}!`)).toContain("a string of 43 characters");
  });
});

describe("validateConfig", () => {
  test("reports the same without positions", () => {
    const text =
      '{"tokens": {"a-b": {"type": "x"}}, "rules": {"C": {"interval_hours": 0}}, "workflows": {"w": {"tokens": ["Z"], "schedule": ""}}}';
    const parsed = parseConfig(text, GITHUB);
    const strip = (problems: readonly { code: string; pointer: string }[]) =>
      problems.map(({ code, pointer }) => `${code} ${pointer}`).sort();
    expect(strip(validateConfig(JSON.parse(text), GITHUB))).toEqual(
      strip(parsed.ok ? [] : parsed.problems),
    );
    expect(
      validateConfig(JSON.parse(text), GITHUB).every(({ position }) => position === null),
    ).toBe(true);
    expect(validateConfig(JSON.parse(WHOLE), GITHUB)).toEqual([]);
  });
});

describe("serializeConfig", () => {
  const order = (...keys: string[]) =>
    Object.keys(
      JSON.parse(
        serializeConfig(Object.fromEntries(keys.map((key) => [key, key === "version" ? 1 : {}]))),
      ),
    );

  test("keeps the order of what a person wrote, and puts what the program added in its place", () => {
    expect(order("tokens", "x-a", "version", "rules")).toEqual([
      "tokens",
      "x-a",
      "version",
      "rules",
    ]);
    expect(order("workflows", "rules", "tokens", "state")).toEqual([
      "workflows",
      "rules",
      "tokens",
      "state",
    ]);
    expect(order("version", "tokens", "workflows", "state", "rules")).toEqual([
      "version",
      "tokens",
      "rules",
      "workflows",
      "state",
    ]);
    expect(order("tokens", "state", "workflows", "rules", "settings")).toEqual([
      "settings",
      "tokens",
      "rules",
      "workflows",
      "state",
    ]);
    expect(order("state", "x-z", "tokens")).toEqual(["tokens", "state", "x-z"]);
  });

  test("writes two spaces and a trailing newline, and what was read from such a text is written as the same text", () => {
    const text = `${JSON.stringify(JSON.parse(WHOLE), null, 2)}\n`;
    const parsed = parseConfig(text, GITHUB);
    expect(parsed.ok && serializeConfig(parsed.config)).toBe(text);
  });

  test("and parseConfig are inverse", () => {
    const name = fc
      .stringMatching(/^[A-Z][A-Z0-9_]{0,12}$/)
      .filter((each) => !each.startsWith("GITHUB_") && each !== "ALL_TOKENS");
    const token = fc.record(
      {
        type: fc.constantFrom("api_key", "password", "custom"),
        length: fc.integer({ min: 20, max: 64 }),
        "x-note": fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    const tokens = fc.dictionary(name, token, { noNullPrototype: true });
    const config = tokens.chain((declared) =>
      fc.record(
        {
          version: fc.constant(1 as const),
          tokens: fc.constant(declared),
          rules: fc.constant(
            Object.fromEntries(Object.keys(declared).map((key) => [key, { interval_hours: 24 }])),
          ),
          "x-free": fc.jsonValue(),
        },
        { requiredKeys: ["tokens"] },
      ),
    );
    fc.assert(
      fc.property(config, (original) => {
        const parsed = parseConfig(serializeConfig(original), GITHUB);
        expect(parsed.ok && JSON.stringify(parsed.config)).toBe(JSON.stringify(original));
      }),
    );
  });
});
