// The number of requests of a run.
import { atMost, type Figure, timeProcess } from "./measure.ts";
import { ACTION, actionEnvironment, dueConfig, startServer } from "./server.ts";

export async function countRequests(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const due of [1, 10, 50]) {
    const server = await startServer(dueConfig(due));
    try {
      timeProcess(process.execPath, [ACTION], actionEnvironment(server.url));
      figures.push(
        atMost(`requests, ${due} due`, (await server.requests()).length, due + 4, String),
      );
      await server.forget();
      timeProcess(process.execPath, [ACTION], actionEnvironment(server.url));
      if (due === 50)
        figures.push(atMost("requests, nothing due", (await server.requests()).length, 2, String));
    } finally {
      await server.stop();
    }
  }
  return figures;
}
