// Reminders for people who make values: the due ones (pure), and opening and closing them.
import { describeError } from "../base/errors.ts";
import type { TokenConfig, TokenState } from "../model/schema.ts";
import { type Home, liveGeneration, resolveToken, tokenState } from "../model/token.ts";
import { manualOf, reminderOf, waitingOf } from "../plan/waiting.ts";
import type { RemindBy, Reminder } from "../ports/notifier.ts";
import type { Run } from "./context.ts";
import { inPhase, type Tried } from "./token-run.ts";

type RemindedState = NonNullable<TokenState["reminded"]>;

/** The state of a token's reminder; null: it is closed. */
export type Reminded = { readonly tokenName: string; readonly reminded: RemindedState | null };

type Due = {
  readonly tokenName: string;
  readonly by: RemindBy;
  readonly reminder: Reminder | null;
};

/** The reminders to open, and with null those to close. One opens when the lead time begins, and is sent again when the value is overdue. */
function dueReminders(
  config: TokenConfig,
  {
    home,
    now,
    handedIn,
    opens,
  }: {
    readonly home: Home;
    readonly now: number;
    readonly handedIn: ReadonlySet<string>;
    readonly opens: boolean;
  },
): Due[] {
  const names = new Set([
    ...Object.keys(config.tokens ?? {}),
    ...Object.keys(config.state?.tokens ?? {}),
  ]);
  return [...names].flatMap((tokenName): Due[] => {
    const state = tokenState(config, tokenName);
    const { reminded } = state;
    if (!reminded && config.tokens?.[tokenName]?.issuer?.use !== "manual") return [];
    const token = resolveToken(config, tokenName, home);
    const manual = token === null ? null : manualOf(token);
    if (
      reminded &&
      (manual === null || handedIn.has(tokenName) || liveGeneration(state) !== reminded.generation)
    ) {
      return [{ tokenName, by: reminded.by, reminder: null }];
    }
    const waiting = token === null ? null : waitingOf(token, state, now);
    if (!opens || token === null || manual === null || waiting === null || handedIn.has(tokenName))
      return [];
    const reminder = reminderOf(token, state, waiting, now);
    if (reminded && (reminded.overdue || !reminder.overdue)) return [];
    return [
      {
        tokenName,
        by: manual.remind ?? (home.repository === null ? "notification" : "issue"),
        reminder,
      },
    ];
  });
}

/** Opens and closes reminders before the record is committed, so that none is lost. Never throws: a failure is a warning, and the next run tries again. */
export async function remind(
  run: Run,
  config: TokenConfig,
  tokens: readonly Tried[],
): Promise<{ readonly reminded: readonly Reminded[]; readonly warnings: readonly string[] }> {
  const { options, request, startedAt } = run;
  const handedIn = new Set(
    inPhase(tokens, "placed")
      .filter(({ outcomes }) => outcomes.every(({ error }) => error === null))
      .map(({ token }) => token.name),
  );
  const due = dueReminders(config, {
    home: options.home,
    now: startedAt.getTime(),
    handedIn,
    opens: request.wanted.kind === "due",
  });
  const reminded: Reminded[] = [];
  const warnings: string[] = [];
  for (const { tokenName, by, reminder } of due) {
    try {
      const reminders = await options.reminders(by);
      if (reminder === null) await reminders.close(tokenName);
      else await reminders.open(reminder);
      const { generation, overdue } = reminder ?? { generation: 0, overdue: false };
      reminded.push({
        tokenName,
        reminded:
          reminder === null ? null : { at: options.clock().toISOString(), by, generation, overdue },
      });
    } catch (error) {
      const { message, hint } = describeError(error);
      const what =
        reminder === null ? "its reminder could not be closed" : "its owner could not be reminded";
      warnings.push([`${tokenName}: ${what}: ${message}.`, hint].filter(Boolean).join(" "));
    }
  }
  return { reminded, warnings };
}
