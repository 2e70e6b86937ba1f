// Stands where the auth Worker is bound, and passes every call on to the deployment that answers now.
//
// PUT /-/deployed with a JSON array of binding names says which that are: one, or, during a gradual
// rollout, several, which then get the calls in turn.

import { WorkerEntrypoint } from "cloudflare:workers";

let deployed = ["AUTH"];
let calls = 0;

const next = (env) => env[deployed[calls++ % deployed.length]];

export default class extends WorkerEntrypoint {
  constructor(ctx, env) {
    super(ctx, env);
    // Whatever methods the real one has, this one has them too.
    return new Proxy(this, {
      get(own, name) {
        if (Reflect.has(own, name)) return Reflect.get(own, name);
        return (...values) => next(own.env)[name](...values);
      },
    });
  }

  async fetch(request) {
    if (new URL(request.url).pathname !== "/-/deployed") return await next(this.env).fetch(request);
    deployed = await request.json();
    return new Response("deployed");
  }
}
