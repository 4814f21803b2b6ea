// The environment that makes `gh` talk to this server and to nothing else.
import { DEFAULT_TOKEN } from "./auth.ts";

/** The host that `gh` believes to be GitHub: `gh` speaks plain HTTP to it, and Go sends it through a proxy, which it does for no loopback address. */
const GH_HOST = "github.localhost";

/**
 * Environment variables for a `gh` child process.
 * @param url the server's URL, which `gh` takes for its HTTP proxy
 * @param configDir an empty folder: the user's own logins stay out of the tests
 */
export function environmentForGh(
  url: string,
  configDir: string,
  token: string = DEFAULT_TOKEN,
): Record<string, string> {
  return {
    PATH: process.env.PATH ?? "",
    HOME: configDir,
    GH_CONFIG_DIR: configDir,
    GH_HOST,
    GH_TOKEN: token,
    GH_ENTERPRISE_TOKEN: token,
    HTTP_PROXY: url,
    GH_NO_UPDATE_NOTIFIER: "1",
    GH_PROMPT_DISABLED: "1",
    NO_COLOR: "1",
  };
}
