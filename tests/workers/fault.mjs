// Stands under the binding of another Worker, or of its Durable Objects, and passes every call on,
// until it is told to fail: POST /-/fault with the name of a fault as the body.
//
//   none     pass on to TARGET (or, for objects, to the real ones)
//   slow     the same, half a second later
//   throw    an exception
//   hang     no answer
//   rubbish  an answer at once that says nothing
//   status   500 by fetch; an exception by RPC
//   stall    by the Cache API: an answer whose body does not come

import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";

const HANG = 20_000; // milliseconds: longer than anybody waits, short enough to end a run
const SLOW = 500; // milliseconds
const RUBBISH = "<!doctype html>";
let fault = "none";
let calls = 0;

async function inject(pass) {
  calls += 1;
  if (fault === "hang") await scheduler.wait(HANG);
  if (fault === "rubbish") return RUBBISH;
  if (fault === "slow") await scheduler.wait(SLOW);
  else if (fault !== "none") throw new Error(`injected: ${fault}`);
  return await pass();
}

export default class extends WorkerEntrypoint {
  async fetch(request) {
    const url = new URL(request.url);
    switch (url.pathname) {
      case "/-/fault":
        fault = await request.text();
        calls = 0;
        return new Response(fault);
      case "/-/calls":
        return new Response(String(calls));
      case "/-/reset": // ?object=name: a CacheLease object ends, as on a deploy, with all calls in it
        await this.env.FAULTY_CACHE_LEASE.getByName(url.searchParams.get("object")).reset().catch(String);
        return new Response("reset");
    }
    if (fault === "status") return new Response("injected", { status: 500 });
    if (fault === "rubbish") return new Response(RUBBISH);
    return await inject(() => this.env.TARGET.fetch(request));
  }

  verify(argument) {
    return inject(() => this.env.TARGET.verify(argument));
  }

  purge(argument) {
    return inject(() => this.env.TARGET.purge(argument));
  }

  ping() {
    return inject(() => this.env.TARGET.ping());
  }

  // As the Cache API has it, in whose place it stands in tests/workers/faulty_cache_api.
  async match(url) {
    if (fault === "rubbish") return new Response(RUBBISH);
    if (fault === "stall") {
      const found = await caches.default.match(url);
      return found && new Response(new ReadableStream({ pull: () => scheduler.wait(HANG) }), found);
    }
    return inject(() => caches.default.match(url));
  }

  // As the binding of a Secrets Store has it; tests/plan.py knows the value.
  get() {
    return inject(() => "stored secret 0123456789");
  }
}

class FaultyObject extends DurableObject {
  // A name of its own at the real objects, so that nothing is shared with those who go there.
  real(namespace) {
    return namespace.getByName(`behind the fault ${this.ctx.id}`);
  }
}

export class RateLimiter extends FaultyObject {
  lease(argument) {
    return inject(() => this.real(this.env.RATE_LIMITER).lease(argument));
  }

  ping() {
    return inject(() => "ok");
  }
}

export class CircuitBreaker extends FaultyObject {
  report(argument) {
    return inject(() => this.real(this.env.CIRCUIT_BREAKER).report(argument));
  }

  force(argument) {
    return inject(() => this.real(this.env.CIRCUIT_BREAKER).force(argument));
  }

  show() {
    return inject(() => this.real(this.env.CIRCUIT_BREAKER).show());
  }

  acquire(argument) {
    return inject(() => this.real(this.env.CIRCUIT_BREAKER).acquire(argument));
  }

  ping() {
    return inject(() => "ok");
  }
}

export class CacheLease extends FaultyObject {
  reset() {
    this.ctx.abort("injected: reset");
  }

  acquire(argument) {
    return inject(() => this.real(this.env.CACHE_LEASE).acquire(argument));
  }

  release(argument) {
    return inject(() => this.real(this.env.CACHE_LEASE).release(argument));
  }

  ping() {
    return inject(() => "ok");
  }
}

export class AuditLog extends FaultyObject {
  append(argument) {
    return inject(() => this.real(this.env.AUDIT_LOG).append(argument));
  }

  entries(argument) {
    return inject(() => this.real(this.env.AUDIT_LOG).entries(argument));
  }

  ping() {
    return inject(() => "ok");
  }
}

export class Idempotency extends FaultyObject {
  begin(argument) {
    return inject(() => this.real(this.env.IDEMPOTENCY).begin(argument));
  }

  end(argument) {
    return inject(() => this.real(this.env.IDEMPOTENCY).end(argument));
  }

  ping() {
    return inject(() => "ok");
  }
}

export class ChangeFeed extends DurableObject {
  // The real one itself: who stands behind the fault is to hear what everybody else hears.
  real() {
    return this.env.CHANGE_FEED.getByName("feed");
  }

  since(argument) {
    return inject(() => this.real().since(argument));
  }

  move_pointer(argument) {
    return inject(() => this.real().move_pointer(argument));
  }

  append(argument) {
    return inject(() => this.real().append(argument));
  }

  history(argument) {
    return inject(() => this.real().history(argument));
  }

  ping() {
    return inject(() => "ok");
  }
}
