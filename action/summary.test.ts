import { expect, test } from "vitest";
import { Misconfigured } from "../src/core/base/errors.ts";
import type { HealthReport } from "../src/core/health/shapes.ts";
import type { TokenReport } from "../src/core/ports/report.ts";
import { reportOf, tokenReportOf } from "../test/reports.ts";
import { failureSummary, healthSummary, reportSummary, verificationSummary } from "./summary.ts";

const MIB = 1024 * 1024;
const HOSTILE =
  "a|b`c` <img src=x onerror=1> @octocat [x](https://evil.example) **bold** $x$ #1\n\n# heading\n::add-mask::x\n- [ ] | |";

const denied = {
  kind: "denied",
  code: "permission-missing",
  message: "could not place B",
  hint: "Give the token Secrets: write.",
} as const;

function tokenReport(token_name: string, more: Partial<TokenReport> = {}): TokenReport {
  const destinations = [
    { id: `actions:acme/widgets:${token_name}`, status: "placed", error: null },
  ] as const;
  return tokenReportOf(token_name, { generation: 3, destinations, ...more });
}

function health(tokens: HealthReport["tokens"]): HealthReport {
  const lists = { needs_rotation: [], recently_rotated: [], never_rotated: [], high_risk: [] };
  return { generated_at: "2026-03-01T00:00:01Z", total_tokens: tokens.length, ...lists, tokens };
}

const failing = {
  name: "B",
  status: "failing",
  age_hours: 30,
  next_due: "2026-03-01T01:00:00Z",
  reason: "failed once",
} as const;
const recent = {
  name: "A",
  status: "recently_rotated",
  age_hours: 0,
  next_due: "2026-03-02T00:00:00Z",
  reason: "rotated 0 min ago",
} as const;

test("a run of all kinds: what rotated and why, what failed and what to do, health, what is next", () => {
  const mixed = reportOf(
    [
      tokenReport("A"),
      tokenReport("B", {
        status: "failed",
        error: denied,
        destinations: [
          { id: "actions:acme/widgets:B", status: "failed", error: denied },
          { id: "actions:acme/app:B", status: "placed", error: null },
        ],
      }),
      tokenReport("C", {
        status: "resumed",
        reason: "the run before did not finish",
        warnings: ["GitHub never issued it"],
      }),
      tokenReport("D", {
        status: "skipped",
        reason: "failed 3 times: waits until 2026-03-01T04:00:00Z",
        destinations: [],
      }),
    ],
    {
      rotated: ["A", "C"],
      commit: {
        sha: "0123456789abcdef",
        url: "https://github.com/acme/widgets/commit/0123456789abcdef",
      },
      next_due: { token_name: "B", at: "2026-03-01T01:00:00Z" },
      proved: ["A"],
      revoked: ["A", "C"],
      warnings: ["the webhook did not accept the report"],
    },
  );
  expect(reportSummary(mixed, health([recent, failing]))).toMatchInlineSnapshot(`
    "## 2 tokens rotated, 1 failed

    |  | Token | Why | Generation | Where |
    | --- | --- | --- | --- | --- |
    | 🔄 rotated | \`A\` | interval of 24 h elapsed | 3 | \`actions:acme/widgets:A\` |
    | ❌ failed | \`B\` | interval of 24 h elapsed | 3 | ❌ \`actions:acme/widgets:B\`<br>\`actions:acme/app:B\` |
    | ⏩ resumed | \`C\` | the run before did not finish | 3 | \`actions:acme/widgets:C\` |
    | ⏸️ skipped | \`D\` | failed 3 times: waits until 2026-03-01T04:00:00Z | 3 |  |

    ### What failed

    - \`B\`: could not place B<br>**What to do:** Give the token Secrets: write.

    ### Worth knowing

    - the webhook did not accept the report
    - C: GitHub never issued it

    **Health:** 2 tokens, 1 to look at

    | Health | Token | Why | Next due |
    | --- | --- | --- | --- |
    | ❌ failing | \`B\` | failed once | 2026-03-01 01:00 UTC |

    Proved by what this job sees: \`A\`. Previous credentials revoked: \`A\`, \`C\`. Recorded in [\`0123456\`](https://github.com/acme/widgets/commit/0123456789abcdef). Next due: \`B\`, 2026-03-01 01:00 UTC.
    "
  `);
});

test("nothing due is three lines", () => {
  expect(reportSummary(reportOf([]), health([recent]))).toMatchInlineSnapshot(`
    "## Nothing was due

    **Health:** 1 token, all well 🟢

    Nothing is due next, because there is no rule and no workflow.
    "
  `);
});

test("a failure lists every mistake with its place", () => {
  const problem = {
    code: "x",
    pointer: "/a",
    position: { line: 3, column: 5 },
    message: "GITHUB_X is refused",
    hint: "Rename it.",
  };
  const problems = [problem, { ...problem, position: null, hint: null }];
  expect(
    failureSummary(
      new Misconfigured("token_config.json has 2 mistakes", { code: "config-invalid", problems }),
    ),
  ).toMatchInlineSnapshot(`
    "## Nothing was done

    token\\_config.json has 2 mistakes:

    - line 3, column 5: GITHUB\\_X is refused<br>**What to do:** Rename it.
    - GITHUB\\_X is refused
    "
  `);
});

test("an unexpected error shows its kind and no more", () => {
  const summary = failureSummary(new TypeError("canary-8a1e in the message"));
  expect(summary).toMatch(/^## Failed, and the outcome is not known\n/);
  expect(summary).not.toContain("canary");
});

test("names and messages stay text, whatever they contain", () => {
  const hostile = reportOf(
    [
      tokenReport(HOSTILE, {
        status: "failed",
        reason: HOSTILE,
        error: { ...denied, message: HOSTILE, hint: HOSTILE },
      }),
    ],
    {
      warnings: [HOSTILE],
      next_due: { token_name: HOSTILE, at: HOSTILE },
      commit: { sha: "abc", url: "javascript:alert(1)" },
    },
  );
  const summaries = [
    reportSummary(
      hostile,
      health([{ ...failing, name: HOSTILE, reason: HOSTILE, next_due: HOSTILE }]),
    ),
    verificationSummary({
      tokens: [{ token_name: HOSTILE, verdict: "mismatch", detail: HOSTILE }],
      history: {
        ok: false,
        entries: 1,
        whole: true,
        breaks: [{ entry: HOSTILE, message: HOSTILE }],
      },
    }),
    failureSummary(new Misconfigured(HOSTILE, { code: "x", hint: HOSTILE })),
  ];
  for (const summary of summaries) {
    const lines = summary.split("\n");
    expect(lines.filter((line) => /^\s*(# |::|- \[)/.test(line))).toEqual([]);
    // Outside code, no part of the input can be an element, a mention, a link, emphasis or mathematics.
    const prose = summary
      .replace(/`[^`\n]*`/g, "")
      .replaceAll("<br>", "")
      .replaceAll("**What to do:**", "")
      .replaceAll("**Health:**", "");
    expect(prose).not.toMatch(/<|@(?!&#8203;)|(?<!\\)[[$]|(?<!\\)\*\*|javascript:/);
    const cells = lines
      .filter((line) => line.startsWith("|"))
      .map((line) => line.match(/(?<!\\)\|/g)?.length);
    expect(new Set(cells).size).toBeLessThanOrEqual(2);
  }
});

test("the summary of any run stays under GitHub's limit of 1 MiB and says what it leaves out", () => {
  const long = "ä".repeat(5000);
  const destinations = Array.from(
    { length: 50 },
    (_, index) => ({ id: `actions:acme/${long}:${index}`, status: "placed", error: null }) as const,
  );
  const many = Array.from({ length: 3000 }, (_, index) =>
    tokenReport(`T${index}`, {
      status: "failed",
      reason: long,
      destinations,
      error: { ...denied, message: long },
      warnings: [long],
    }),
  );
  const summary = reportSummary(
    reportOf(many),
    health(many.map(({ token_name }) => ({ ...failing, name: token_name, reason: long }))),
  );
  expect(Buffer.byteLength(summary)).toBeLessThan(MIB);
  expect(summary).toMatch(/ \|\n\n… cut here. The rest is in the output `report`\.\n$/);
  const short = reportSummary(
    reportOf(many.map(({ token_name }) => tokenReport(token_name))),
    health([]),
  );
  expect(short).toContain("\n\n… and 2500 more.\n");
  expect(healthSummary(health([]))).toBe(
    "## Health of the tokens\n\nNo tokens are declared yet.\n",
  );
});
