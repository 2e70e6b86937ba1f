// A Worker for tests: calls other Workers' RPC methods, and reaches into their stores, over HTTP.

const operations = {
  // {binding, object?, method, argument?}: the method's result, or 500 with the error's text.
  async "/rpc"(env, { binding, object, method, ...rest }) {
    const target = object === undefined ? env[binding] : env[binding].getByName(object);
    return await target[method](...("argument" in rest ? [rest.argument] : []));
  },

  // {binding, sql, values}: run one statement on a D1 database.
  async "/sql"(env, { binding, sql, values }) {
    const { results } = await env[binding].prepare(sql).bind(...values).all();
    return JSON.stringify(results);
  },

  // {binding, key, value}: put a text into a KV namespace; null takes the key away.
  async "/kv"(env, { binding, key, value }) {
    await (value === null ? env[binding].delete(key) : env[binding].put(key, value));
    return "done";
  },

  // {binding, keys, value}: put the same text under many keys of a KV namespace.
  async "/kv-many"(env, { binding, keys, value }) {
    await Promise.all(keys.map((key) => env[binding].put(key, value)));
    return "done";
  },

  // {url}: drop an entry from the Cache API alone.
  async "/forget"(env, { url }) {
    return String(await caches.default.delete(url));
  },

  // {url}: what the Cache API alone holds, as [status, fields, body].
  async "/near"(env, { url }) {
    const found = await caches.default.match(url);
    return JSON.stringify(found ? [found.status, [...found.headers], await found.text()] : null);
  },

  // {url, first, count, headers, body}: put as many entries into the Cache API, under `url` and a
  // number from `first` on.
  async "/seed"(env, { url, first, count, headers, body }) {
    const put = (_, at) => caches.default.put(`${url}${first + at}`, new Response(body, { headers }));
    await Promise.all(Array.from({ length: count }, put));
    return "done";
  },

  // {url, headers, chunks, fails}: PUT a body chunk by chunk, which then ends or fails.
  async "/put"(env, { url, headers, chunks, fails }) {
    const encoder = new TextEncoder();
    const body = new ReadableStream({
      pull(controller) {
        if (chunks.length > 0) controller.enqueue(encoder.encode(chunks.shift()));
        else if (fails) controller.error(new Error("the service went away"));
        else controller.close();
      },
    });
    const response = await env.CACHE.fetch(url, { method: "PUT", headers, body });
    return String(response.status);
  },
};

export default {
  async fetch(request, env) {
    try {
      const result = await operations[new URL(request.url).pathname](env, await request.json());
      return new Response(result);
    } catch (error) {
      return new Response(String(error), { status: 500 });
    }
  },
};
