// The server as a process of its own, for benches and child processes: options in, its URL out as one JSON line.
import * as z from "zod";
import { answerAdmin } from "./admin.ts";
import { startGitHub } from "./server.ts";

const access = z.enum(["read", "write"]).exactOptional();
const amount = z.number().min(0).exactOptional();

/** `startGitHub`'s options, as far as JSON can say them. */
const optionsSchema = z.strictObject({
  repositories: z
    .array(
      z.strictObject({
        fullName: z.string(),
        visibility: z.enum(["public", "private", "internal"]).exactOptional(),
        defaultBranch: z.string().exactOptional(),
        files: z.record(z.string(), z.string()).nullable().exactOptional(),
        protectedBranches: z.record(z.string(), z.enum(["classic", "ruleset"])).exactOptional(),
      }),
    )
    .exactOptional(),
  tokens: z
    .array(
      z.strictObject({
        token: z.string(),
        kind: z.enum(["github_token", "app", "pat"]).exactOptional(),
        login: z.string().exactOptional(),
        permissions: z
          .strictObject({ contents: access, secrets: access, metadata: access, issues: access })
          .exactOptional(),
        repositories: z.array(z.string()).exactOptional(),
        expiresAt: z.coerce.date().exactOptional(),
      }),
    )
    .exactOptional(),
  latencyMs: amount,
  rateLimit: z
    .strictObject({
      limit: amount,
      windowSeconds: amount,
      maxConcurrent: amount,
      pointsPerMinute: amount,
      status: z.union([z.literal(403), z.literal(429)]).exactOptional(),
      retryAfterSeconds: amount,
    })
    .exactOptional(),
});

const options = optionsSchema.parse(
  JSON.parse(process.argv[2] ?? process.env.TEST_GITHUB_OPTIONS ?? "{}"),
);
const github = await startGitHub({ ...options, admin: answerAdmin });
process.stdout.write(`${JSON.stringify({ url: github.url, graphqlUrl: github.graphqlUrl })}\n`);
async function stop(): Promise<void> {
  try {
    await github.close();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
for (const signal of ["SIGINT", "SIGTERM", "disconnect"] as const)
  process.once(signal, () => void stop());
