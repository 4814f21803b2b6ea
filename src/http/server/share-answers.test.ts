import { once } from "node:events";
import { createServer, get } from "node:http";
import { afterEach, describe, expect, test } from "vitest";
import { listen } from "../../../test/http-servers.ts";
import { shareAnswers } from "./share-answers.ts";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A server whose answers come when they are released, each with its number. */
async function held() {
  const asked: string[] = [];
  const gates: (() => void)[] = [];
  let arrived = 0;
  const server = createServer((incoming, outgoing) => {
    arrived += 1;
    if (!shared.take(incoming, outgoing)) outgoing.writeHead(204, { "x-shared": "no" }).end();
  });
  const { port, close } = await listen(server);
  closing.push(close);
  const shared = shareAnswers([`127.0.0.1:${port}`], async (request) => {
    asked.push(`${new URL(request.url).pathname} ${request.headers.get("x-who")}`);
    const number = asked.length;
    await new Promise<void>((resolve) => gates.push(resolve));
    return new Response(`answer ${number} ü`, { status: 200, headers: { "x-kept": "yes" } });
  });
  const until = async (holds: () => boolean) => {
    while (!holds()) await new Promise(setImmediate);
  };
  return {
    asked,
    port,
    ask: (path = "/a", init: RequestInit = {}) =>
      fetch(`http://127.0.0.1:${port}${path}`, { headers: { "x-who": "one" }, ...init }),
    arrivals: (count: number) => until(() => arrived >= count),
    letGo: async () => {
      await until(() => gates.length > 0);
      gates.shift()?.();
    },
  };
}

describe("requests that are the same to the last byte", () => {
  test("share an answer; a request that comes while it is made gets the next one", async () => {
    const { ask, arrivals, letGo, asked } = await held();
    const first = ask();
    await arrivals(1);
    while (asked.length === 0) await new Promise(setImmediate);
    const later = Array.from({ length: 20 }, () => ask());
    await arrivals(21);
    await letGo();
    expect(await (await first).text()).toBe("answer 1 ü");
    await letGo();
    const texts = await Promise.all(later.map(async (response) => (await response).text()));
    expect(new Set(texts)).toEqual(new Set(["answer 2 ü"]));
    expect(asked).toEqual(["/a one", "/a one"]);
    const again = ask();
    await letGo();
    expect([(await again).headers.get("x-kept"), await (await again).text()]).toEqual([
      "yes",
      "answer 3 ü",
    ]);
  });

  test("one that differs in its path or in a header has an answer of its own", async () => {
    const { ask, letGo, asked } = await held();
    const all = [ask(), ask("/b"), ask("/a?x=1"), ask("/a", { headers: { "x-who": "other" } })];
    for (const _ of all) await letGo();
    expect(
      new Set(await Promise.all(all.map(async (response) => (await response).text()))).size,
    ).toBe(4);
    expect(asked.toSorted()).toEqual(["/a one", "/a one", "/a other", "/b one"]);
  });

  test("a request that changes something, has a body or names another host is not shared", async () => {
    const { ask, asked, port } = await held();
    expect((await ask("/a", { method: "POST", body: "{}" })).headers.get("x-shared")).toBe("no");
    expect((await ask("/a", { method: "HEAD" })).headers.get("x-shared")).toBe("no");
    const [foreign] = await once(get({ port, headers: { host: "evil.example" } }), "response");
    expect(foreign.resume().headers["x-shared"]).toBe("no");
    expect(asked).toEqual([]);
  });

  test("a caller that hangs up affects no other caller", async () => {
    const { ask, arrivals, letGo } = await held();
    const leaving = new AbortController();
    const gone = ask("/a", { signal: leaving.signal }).catch(() => "gone");
    const stays = ask();
    await arrivals(2);
    leaving.abort();
    expect(await gone).toBe("gone");
    await letGo();
    await letGo().catch(() => undefined);
    expect((await stays).status).toBe(200);
  });
});
