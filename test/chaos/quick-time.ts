// Preloaded into a process under test (`node --import`): its clock is shifted, and runs faster than ours; the service is found.

// The suite needs the hours that leases, backoffs and intervals last, and the product has no hook for its time, nor
// should it: what runs here is the very bundle that ships. So its surroundings change instead, all by the same factor:
// a second of `Date`, of `setTimeout` and of `AbortSignal.timeout` is the same second. Were only the delays shorter,
// code that waits until a time would find that it is not there yet, and wait again.

const offsetMs = Number(process.env.CHAOS_TIME_OFFSET_MS ?? "0");
const speed = Number(process.env.CHAOS_TIME_SPEED ?? "1");

const RealDate = Date;
const realSetTimeout = setTimeout;
const realTimeout = AbortSignal.timeout.bind(AbortSignal);
const startedAt = RealDate.now();

function now(): number {
  const at = RealDate.now();
  return Math.round(startedAt + offsetMs + (at - startedAt) * speed);
}

globalThis.Date = new Proxy(RealDate, {
  construct: (target, given, newTarget) =>
    Reflect.construct(target, given.length === 0 ? [now()] : given, newTarget),
  apply: () => new RealDate(now()).toString(),
  get: (target, key) => (key === "now" ? now : Reflect.get(target, key)),
});
globalThis.setTimeout = new Proxy(realSetTimeout, {
  apply: (target, self, [callback, delay, ...given]) =>
    Reflect.apply(target, self, [callback, Number(delay ?? 0) / speed, ...given]),
});
// The record names the service by an address that is the same in every case.
const service = process.env.CHAOS_SERVICE_URL;
const realFetch = fetch;
if (service !== undefined) {
  globalThis.fetch = (asked, init) =>
    realFetch(
      typeof asked === "string" || asked instanceof URL
        ? String(asked).replace("http://localhost:1/service", service)
        : asked,
      init,
    );
}
AbortSignal.timeout = (ms) => realTimeout(Math.ceil(ms / speed));
