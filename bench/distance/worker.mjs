// Stands in front of the objects that limit, of the gateway and of the peer, as far away as they are
// on Cloudflare: each call takes 10 ms longer.

import { DurableObject } from "cloudflare:workers";

const DISTANCE = 10; // milliseconds, there and back

class FarObject extends DurableObject {
  // A name of its own at the real objects, so that nothing is shared with those who go there.
  async real(namespace) {
    await scheduler.wait(DISTANCE);
    return namespace.getByName(`far ${this.ctx.id}`);
  }
}

export class RateLimiter extends FarObject {
  async lease(argument) {
    return await (await this.real(this.env.RATE_LIMITER)).lease(argument);
  }

  ping() {
    return "ok";
  }
}

export class Limiter extends FarObject {
  async check(quota, window) {
    return await (await this.real(this.env.LIMITER)).check(quota, window);
  }
}

export default { fetch: () => new Response("objects only", { status: 404 }) };
