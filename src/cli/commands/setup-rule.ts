// `setup-rule`: a token's rule, declared.
import { Argument, type Command } from "commander";
import type { RuleResult } from "../../core/changes/shapes.ts";
import { commitText } from "../render/report.ts";
import { dueAt, plain } from "../render/text.ts";
import { hours, mayBeNew, refuseUnknownValues, requireNames } from "../session/arguments.ts";
import { connect } from "../session/connect.ts";
import { EXIT } from "../session/exit-codes.ts";
import { type Session, type Start, triggeredBy } from "../session/session.ts";

type RuleOptions = { readonly autoRotate: boolean; readonly notify: boolean };

export function addSetupRule(program: Command, start: Start): void {
  program
    .command("setup-rule")
    .description("rotate a token every given number of hours; a new name is declared")
    .argument("<name>", "the token's name")
    .addArgument(new Argument("<hours>", "how long a credential may live").argParser(hours))
    .option("--no-auto-rotate", "only say when it is overdue")
    .option("--no-notify", "do not inform the notifiers")
    .action((name: string, interval: number, options: RuleOptions) =>
      start((session) => setupRule(session, { name, interval, ...options })),
    );
}

async function setupRule(
  session: Session,
  rule: RuleOptions & { readonly name: string; readonly interval: number },
): Promise<number> {
  requireNames([rule.name]);
  const { app } = await connect(session, "begin");
  const result = await app
    .setupRule({
      tokenName: rule.name,
      intervalHours: rule.interval,
      autoRotate: rule.autoRotate,
      notify: rule.notify,
      create: mayBeNew(rule.name),
      triggeredBy: triggeredBy(session),
    })
    .catch((error: unknown) => {
      throw refuseUnknownValues(error, [rule.name]);
    });
  session.result(result, () => ruleText(result, session));
  return EXIT.done;
}

function ruleText(result: RuleResult, { io, common }: Session): string {
  const every = `${plain(result.token_name)} rotates every ${result.interval_hours} h${result.auto_rotate ? "" : ", by hand only"}.`;
  const next =
    result.next_rotation === null
      ? []
      : [`Next rotation: ${dueAt(result.next_rotation, io.now())}`];
  const recorded =
    result.commit === null
      ? "The rule is the same as before. Nothing was changed."
      : commitText(result.commit, common.config);
  return [every, ...next, recorded].join("\n");
}
