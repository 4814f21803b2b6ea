// Requests through the proxy of a self-hosted runner, where there is one.

const PROXY_VARIABLES = ["https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY"];

/** The fetch of @actions/github, which honours the proxy variables and `no_proxy`; null where none is set, so that nobody else loads its code. */
export async function proxiedFetch(
  env: Readonly<Record<string, string | undefined>>,
): Promise<typeof fetch | null> {
  if (!PROXY_VARIABLES.some((name) => env[name])) return null;
  const { defaults } = await import("@actions/github/lib/utils");
  return defaults.request?.fetch ?? null;
}
