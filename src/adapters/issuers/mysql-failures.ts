// What MySQL's and MariaDB's refusals mean, by their numbers: dev.mysql.com "Server Error Message Reference", mariadb.com "Error Codes".
import { Denied, type Failure, Misconfigured, Unchanged } from "../../core/base/errors.ts";
import { cutOff, notReached } from "./service-failures.ts";

export const SERVICE = "MySQL";

/** What was being done: reading; writing a mark; changing an account. */
export type AdminStep = "reading" | "marking" | "altering";

/** Wrong password, host not let in, account locked (MySQL, MariaDB), no password given, password expired. */
const REFUSED_LOGIN = [1045, 1130, 3118, 4151, 1698, 1862];
/** No right to the database, no such database. */
export const WRONG_DATABASE = [1044, 1049];
/** Connection or statement killed, server shutting down: the server speaks, but says nothing of what it did. */
const ENDED = [1053, 1317, 1927, 3024, 4031];

/** The number of the server's error; null for what is no reply of the server. */
export function replyNumber(error: unknown): number | null {
  if (typeof error !== "object" || error === null || !("sqlState" in error) || !("errno" in error))
    return null;
  const { errno } = error;
  // From 2000 to 2999 they are a client's: a proxy that lost the server hands them on.
  return typeof errno === "number" && !ENDED.includes(errno) && !(errno >= 2000 && errno < 3000)
    ? errno
    : null;
}

export function isRefusedLogin(error: unknown): boolean {
  const reply = replyNumber(error);
  return reply !== null && [...REFUSED_LOGIN, ...WRONG_DATABASE].includes(reply);
}

/** The failure of one operation of the administrator's. */
export function mysqlFailure(
  error: unknown,
  { step, account }: { readonly step: AdminStep; readonly account: string | null },
  variable: string,
): Failure {
  const reply = replyNumber(error);
  if (reply === null)
    return step === "reading"
      ? notReached(SERVICE, error, variable)
      : cutOff(SERVICE, "it changed a password");
  const name = JSON.stringify(account);
  switch (reply) {
    case 1227:
      return denied(
        "change the account",
        `${name}`,
        "CREATE USER",
        `Grant the user in ${variable} CREATE USER ON *.*.`,
      );
    case 1044:
    case 1142: {
      const rights = "SELECT, INSERT, DELETE ON token_automation.passwords";
      return denied(
        "keep its notes in",
        "token_automation.passwords",
        rights,
        `Grant the user in ${variable} ${rights}.`,
      );
    }
    case 1049:
    case 1146:
      return new Misconfigured(
        "MySQL has no table token_automation.passwords, which says whose password each account has",
        {
          code: "marks-missing",
          hint: "Create it as the issuer's page shows.",
        },
      );
    case 1396:
      return new Misconfigured(`MySQL has no account ${name}, or does not let it be changed`, {
        code: "user-missing",
        hint: "Create it with the rights that the application needs, as the issuer's page shows; account_host is the part after the @.",
      });
    case 1819:
      return new Misconfigured("MySQL's password policy refused the new password", {
        code: "password-refused",
        hint: 'Ask for a longer one, with "type": "password", which has every kind of character.',
      });
  }
  return new Unchanged(`MySQL refused to change a password (error ${reply})`, {
    code: "service-refused",
    hint: `Nothing was changed; the server's log may say more. A read-only server is a replica: let ${variable} name the primary.`,
  });
}

function denied(what: string, whom: string, permission: string, hint: string): Denied {
  return new Denied(`MySQL does not let the administrator ${what} ${whom}`, {
    code: "privilege-missing",
    permission,
    hint,
  });
}
