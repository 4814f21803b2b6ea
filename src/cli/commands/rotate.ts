// `rotate`: named tokens, now.
import { type Command, Option } from "commander";
import { Misconfigured } from "../../core/base/errors.ts";
import type { Secret } from "../../core/base/secret.ts";
import { VALUE_FIELD } from "../../core/model/token.ts";
import type { Report } from "../../core/ports/report.ts";
import { mayBeNew, refuseUnknownValues, requireNames, valueRefused } from "../session/arguments.ts";
import { connect } from "../session/connect.ts";
import { EXIT } from "../session/exit-codes.ts";
import { performRun, showReport } from "../session/perform-run.ts";
import { readFileValue, readStdinValue } from "../session/read-value.ts";
import type { Session, Start } from "../session/session.ts";

/** Names that people guess for the option. They are parsed only so that the value after them is refused and never shown. */
const REFUSED = ["value", "newToken", "token", "secret", "password"] as const;

type RotateOptions = {
  readonly valueStdin: boolean;
  readonly valueFile?: string;
  readonly dryRun: boolean;
  readonly show: boolean;
  readonly create: boolean;
} & { readonly [name in (typeof REFUSED)[number]]?: unknown };

export function addRotate(program: Command, start: Start): void {
  const command = program
    .command("rotate")
    .description("rotate these tokens now; in a local record, a new name is declared")
    .argument("<name...>", "the tokens' names")
    .addOption(
      new Option("--value-stdin", "take the new value from standard input")
        .default(false)
        .conflicts(["valueFile"]),
    )
    .option("--value-file <path>", "take the new value from a file")
    .option("--dry-run", "show what would be done", false)
    .addOption(
      new Option("--show", "print the new value on stdout, and the report on stderr")
        .default(false)
        .conflicts(["dryRun"]),
    )
    .option("--create", "declare new names in a record on GitHub too", false);
  for (const name of REFUSED)
    command.addOption(new Option(`--${name.replace("T", "-t")} [value]`).hideHelp());
  command.action((names: string[], options: RotateOptions) =>
    start((session) => rotate(session, names, options)),
  );
}

async function rotate(
  session: Session,
  names: readonly string[],
  options: RotateOptions,
): Promise<number> {
  if (REFUSED.some((name) => options[name] !== undefined))
    throw valueRefused("a value cannot be given as an argument");
  requireNames(names);
  const supplied = options.valueStdin || options.valueFile !== undefined;
  if (supplied && names.length > 1)
    throw new Misconfigured(`a value was supplied for ${names.length} names`, {
      code: "one-name-only",
      hint: "A value belongs to one token. Rotate them one by one.",
    });
  const value = await readSuppliedValue(session, options);
  const { app, local } = await connect(session, "begin");
  const issued = new Map<string, Secret>();
  const report = await performRun(session, app, {
    wanted: {
      kind: "tokens",
      names,
      value,
      create: names.every(mayBeNew) && (options.create || (local && mayDeclare(names))),
    },
    dryRun: options.dryRun,
    onCredential(tokenName, { fields }) {
      for (const [field, secret] of Object.entries(fields))
        issued.set(field === VALUE_FIELD ? tokenName : `${tokenName}.${field}`, secret);
    },
  }).catch((error: unknown) => {
    throw withoutPossibleValue(refuseUnknownValues(error, names), names);
  });
  if (options.show) showValues(session, report, issued);
  else showReport(session, report);
  return report.failed.length > 0 || report.skipped.length > 0 ? EXIT.failed : EXIT.done;
}

async function readSuppliedValue(
  { io }: Session,
  { valueStdin, valueFile }: RotateOptions,
): Promise<Secret | null> {
  if (valueStdin) return readStdinValue(io);
  return valueFile === undefined ? null : readFileValue(io, valueFile);
}

/**
 * Whether new names may be declared. `rotate API_KEY hunter2` is a value given as an argument, and would
 * be committed as a name. So a new name beside others must be in capitals, as people write names.
 */
function mayDeclare(names: readonly string[]): boolean {
  return names.length === 1 || names.every(isConventional);
}

function isConventional(name: string): boolean {
  return /^[A-Z_][A-Z0-9_]*$/.test(name);
}

/** An undeclared word beside a name may be its value, so the message gives its position instead of showing it. */
function withoutPossibleValue(error: unknown, names: readonly string[]): unknown {
  if (names.length === 1 || !(error instanceof Misconfigured) || error.code !== "token-missing")
    return error;
  const undeclared = names.filter((name) =>
    error.problems.some(({ message }) => message.includes(JSON.stringify(name))),
  );
  const doubtful = undeclared.filter((name) => !isConventional(name));
  if (doubtful.length === 0) return error;
  const places = doubtful.map((name) => `name ${names.indexOf(name) + 1} of ${names.length}`);
  return new Misconfigured(
    `${places.join(", ")}: not declared, and a new name beside others must be in capitals`,
    {
      code: "token-missing",
      hint: "If it is a new name, rotate it by itself. If it is a value, it is now in the shell's history, so replace it, and see --value-stdin.",
    },
  );
}

/** Shows only values that are in place. A value that was not placed must not be used. */
function showValues(session: Session, report: Report, issued: ReadonlyMap<string, Secret>): void {
  const placed = [...issued].filter(([label]) =>
    report.rotated.includes(label.split(".")[0] ?? label),
  );
  if (session.common.json) {
    session.result(
      {
        ...report,
        values: Object.fromEntries(placed.map(([label, secret]) => [label, secret.reveal()])),
      },
      () => "",
    );
    return;
  }
  showReport(session, report, "stderr");
  for (const [label, secret] of placed)
    session.line(issued.size === 1 ? secret.reveal() : `${label}=${secret.reveal()}`);
}
