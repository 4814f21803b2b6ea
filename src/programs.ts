// Whether this process may run programs that a config names: whoever may write the config then decides what runs here.

const ALLOWED: readonly string[] = ["1", "true"];

/** Whether TOKEN_AUTOMATION_ALLOW_COMMANDS says that programs may run where they would be refused otherwise. */
export function programsAllowed(variables: Readonly<Record<string, string | undefined>>): boolean {
  return ALLOWED.includes((variables.TOKEN_AUTOMATION_ALLOW_COMMANDS ?? "").toLowerCase());
}
