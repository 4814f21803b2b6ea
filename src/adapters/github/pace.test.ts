import { describe, expect, test } from "vitest";
import { type Clock, createPause, createWindow } from "./pace.ts";

/** A clock that stands still until a caller waits. The earliest waiter's time comes next. */
function manualClock(start = 0): Clock & { readonly waits: number[] } {
  let now = start;
  const waits: number[] = [];
  return {
    waits,
    now: () => now,
    async wait(ms) {
      waits.push(ms);
      now += ms;
    },
  };
}

describe("window", () => {
  test("a burst passes at once, and the next callers start as soon as the window has room", async () => {
    const clock = manualClock(1000);
    const pass = createWindow(3, 60_000, clock);
    for (let count = 0; count < 3; count += 1) await pass();
    expect(clock.waits).toEqual([]);
    for (let count = 0; count < 4; count += 1) await pass();
    expect(clock.waits).toEqual([60_000, 60_000]);
    expect(clock.now()).toBe(121_000);
  });

  test("callers that come together all get a time, never more than the limit in a window", async () => {
    const waits: number[] = [];
    const pass = createWindow(80, 60_000, {
      now: () => 0,
      wait: async (ms) => void waits.push(ms),
    });
    await Promise.all(Array.from({ length: 200 }, pass));
    expect([
      waits.filter((ms) => ms === 60_000).length,
      waits.filter((ms) => ms === 120_000).length,
      waits.length,
    ]).toEqual([80, 40, 120]);
  });
});

describe("pause", () => {
  test("holds every caller until the time has come, and the longest order wins", async () => {
    const clock = manualClock();
    const pause = createPause(10_000, clock);
    await pause.pass();
    pause.hold(2000);
    pause.hold(500);
    await pause.pass();
    await pause.pass();
    expect(clock.waits).toEqual([2000]);
  });

  test("refuses a wait that is too long at once, and says until when", async () => {
    const clock = manualClock(Date.parse("2026-01-01T00:00:00Z"));
    const pause = createPause(120_000, clock);
    pause.hold(3_600_000);
    await expect(pause.pass()).rejects.toMatchObject({
      kind: "unchanged",
      code: "rate-limited",
      message:
        "no request was sent, because GitHub's rate limit is used up until 2026-01-01T01:00:00.000Z",
    });
    expect(clock.waits).toEqual([]);
  });
});
