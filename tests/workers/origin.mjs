// The service behind the tests' own table. The query of each request says what it answers:
//
//   status=503             that status
//   first=n | every=n      status and fault only for the first n requests to the path, or for every nth
//   header=Name: value     a header field; may be repeated
//   body=text              that body; without it, the request told back as JSON
//   validate               304 to a request whose If-None-Match is the ETag among these fields, 412
//                          to one whose If-Match is not
//   gzip                   the body compressed, with Content-Encoding
//   coded=br:base64url     those bytes with that Content-Encoding and an ETag of its name, where Accept-Encoding
//                          has it; may be repeated, the first counts, and after them the body as it is
//   insists                the first of them whatever is accepted
//   parts                  206 for those where Range asks for bytes=n-m
//   size=n                 n bytes, each 251 letters a new line of counting
//   gate=name              the body's first half at once, the second when the gate is open
//   delay=n                all of this n milliseconds later
//   fault=hang | throw     no answer, or an exception
//   drip=n                 a letter every n milliseconds, until somebody cancels it
//   mirror=hang | throw | endless   what happens to copies, those with Gateway-Mirror
//   sse=n                  n events, the first at once, the others when the gate is open
//
// A request with X-Status gets that status, whatever its query says.
//
// Below /-/hang/ nothing answers. A request with Upgrade: websocket gets its messages back; `close` closes with 4000.
// GET /-/cancelled?path=/x says how many bodies of /x were cancelled by those who read them, and
// GET /-/mirrored?path=/x how often it was asked for with Gateway-Mirror; /-/last?path=/x gives the
// last such request.
//
// GET /-/peak?path=/x says how many requests for /x were under way at once, to the answer's fields.
//
// GET /-/accepted?path=/x gives the Accept-Encoding of each request for /x with `coded`.
//
// POST /-/open?gate=name opens a gate; GET /-/calls?path=/x says how often /x was asked for.
//
// POST /-/script?path=/x takes a list of answers, [{status, fields, body}]: one after another they
// answer what is asked for below /x/, and 599 when none is left. {fault: true} is an exception.
// GET /-/asked?path=/x lists those requests, [{method, fields}].

const HANG = 20_000; // milliseconds: longer than anybody waits, short enough to end a run
const CHUNK = 65_536;
const COUNTING = Uint8Array.from({ length: CHUNK + 251 }, (_, at) => at % 251);
const calls = new Map();
const open = new Set();
const cancelled = new Map();
const mirrored = new Map();
const last = new Map();
const accepted = new Map();
const under_way = new Map();
const peaks = new Map();
const scripts = new Map();

const control = {
  "/-/open": (query) => open.add(query.get("gate")) && "open",
  "/-/cancelled": (query) => String(cancelled.get(query.get("path")) ?? 0),
  "/-/mirrored": (query) => String(mirrored.get(query.get("path")) ?? 0),
  "/-/peak": (query) => String(peaks.get(query.get("path")) ?? 0),
  "/-/last": (query) => last.get(query.get("path")) ?? "{}",
  "/-/accepted": (query) => JSON.stringify(accepted.get(query.get("path")) ?? []),
  "/-/calls": (query) => String(calls.get(query.get("path")) ?? 0),
  "/-/asked": (query) => JSON.stringify(scripts.get(query.get("path")).asked),
};

function scripted(request, { answers, asked }) {
  const { method, headers } = request;
  asked.push({ method, fields: Object.fromEntries(headers) });
  const { status, fields, body, fault } = answers[asked.length - 1] ?? { status: 599, body: "none" };
  if (fault) throw new Error("the origin threw");
  const isEmpty = method === "HEAD" || [204, 205, 304].includes(status);
  return new Response(isEmpty ? null : body, { status, headers: fields });
}

async function told(request, url) {
  const headers = Object.fromEntries(request.headers);
  const [method, path, query] = [request.method, url.pathname, url.search.slice(1)];
  const host = url.host;
  return JSON.stringify({ method, host, path, query, headers, body: await request.text() });
}

/** The number of bytes in a request's body, read as it comes. */
async function measured(request) {
  let size = 0;
  let sum = 0;
  for await (const chunk of request.body) {
    for (const byte of chunk) sum = (sum + byte) % 65_521;
    size += chunk.length;
  }
  return JSON.stringify({ size, sum });
}

function counted(size) {
  let sent = 0;
  return new ReadableStream({
    pull(controller) {
      const length = Math.min(CHUNK, size - sent);
      if (length === 0) return controller.close();
      const from = sent % 251;
      controller.enqueue(COUNTING.subarray(from, from + length)); // nothing is made anew
      sent += length;
    },
  });
}

function gated(text, gate) {
  const bytes = new TextEncoder().encode(text);
  const middle = Math.ceil(bytes.length / 2);
  const parts = [bytes.slice(0, middle), bytes.slice(middle)];
  return new ReadableStream({
    async pull(controller) {
      while (parts.length === 1 && !open.has(gate)) await scheduler.wait(2);
      controller.enqueue(parts.shift());
      if (parts.length === 0) controller.close();
    },
  });
}

/** Whether the request to `path` that came last is one of those that are to fail. */
function failing(query, path) {
  const number = calls.get(path);
  if (query.has("first")) return number <= Number(query.get("first"));
  return !query.has("every") || number % Number(query.get("every")) === 0;
}

const count = (map, path) => map.set(path, (map.get(path) ?? 0) + 1);

function dripping(path, wait) {
  return new ReadableStream({
    async pull(controller) {
      controller.enqueue(new TextEncoder().encode("x"));
      await scheduler.wait(wait);
    },
    cancel: () => count(cancelled, path),
  });
}

function events(number, gate) {
  let sent = 0;
  return new ReadableStream({
    async pull(controller) {
      while (sent > 0 && gate !== null && !open.has(gate)) await scheduler.wait(2);
      controller.enqueue(new TextEncoder().encode(`id: ${sent}\ndata: event ${sent}\n\n`));
      sent += 1;
      if (sent === number) controller.close();
    },
  });
}

function talking(request) {
  const [client, server] = Object.values(new WebSocketPair());
  server.accept();
  server.addEventListener("message", ({ data }) => {
    if (data === "close") return server.close(4000, "as you wish");
    server.send(data === "fields" ? JSON.stringify(Object.fromEntries(request.headers)) : data);
  });
  server.addEventListener("close", () => count(cancelled, new URL(request.url).pathname));
  return new Response(null, { status: 101, webSocket: client, headers: { "x-own": "1" } });
}

/** What a request gets of the bodies that are there in a coding: the coding, and its bytes. */
function codedFor(request, query) {
  const wanted = (request.headers.get("accept-encoding") ?? "").split(", ");
  const all = query.getAll("coded").map((one) => one.split(":"));
  const [coding, text] = all.find(([name]) => query.has("insists") || wanted.includes(name)) ?? [];
  return [coding, text && Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0))];
}

/** The bytes that Range asks for, and what else says so: enough of it for tests. */
function partOf(request, bytes, headers) {
  const [, first, last] = request.headers.get("range")?.match(/^bytes=(\d+)-(\d+)$/) ?? [];
  if (first === undefined) return null;
  headers.set("content-range", `bytes ${first}-${last}/${bytes.length}`);
  return bytes.slice(Number(first), Number(last) + 1);
}

async function bodyOf(request, url, headers) {
  const query = url.searchParams;
  if (query.has("measure")) return await measured(request);
  if (query.has("size")) return counted(Number(query.get("size")));
  if (query.has("drip")) return dripping(url.pathname, Number(query.get("drip")));
  if (query.has("sse")) return events(Number(query.get("sse")), query.get("gate"));
  const text = query.get("body") ?? (await told(request, url));
  if (query.has("gate")) return gated(text, query.get("gate"));
  if (!query.has("gzip")) return text;
  headers.set("content-encoding", "gzip");
  return new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
}

async function answer(request, url, query) {
  if (url.pathname.startsWith("/-/hang/")) await scheduler.wait(HANG);
  calls.set(url.pathname, (calls.get(url.pathname) ?? 0) + 1);
  const given = request.headers.get("accept-encoding");
  if (query.has("coded")) accepted.set(url.pathname, [...(accepted.get(url.pathname) ?? []), given]);
  const fails = failing(query, url.pathname);
  if (request.headers.get("upgrade") === "websocket") return talking(request);
  if (request.headers.has("gateway-mirror")) {
    count(mirrored, url.pathname);
    const copy = await told(request.clone(), url);
    last.set(url.pathname, copy);
    const fault = query.get("mirror");
    if (fault === "hang") await scheduler.wait(HANG);
    if (fault === "throw") throw new Error("the mirror threw");
    if (fault === "endless") return new Response(dripping(`${url.pathname}/mirror`, 20));
  }
  if (query.has("delay")) await scheduler.wait(Number(query.get("delay")));
  if (fails && query.get("fault") === "hang") await scheduler.wait(HANG);
  if (fails && query.get("fault") === "throw") throw new Error("the origin threw");
  const headers = new Headers({ "content-type": "application/json" });
  for (const field of query.getAll("header")) {
    const [name, value] = field.split(/:\s*(.*)/);
    if (name.toLowerCase() === "content-type") headers.delete(name);
    headers.append(name, value);
  }
  const [coding, bytes] = codedFor(request, query);
  if (query.has("coded") && !headers.has("etag")) headers.set("etag", `"${coding ?? "identity"}"`);
  if (query.has("validate")) {
    const [tag, wanted] = [headers.get("etag"), request.headers.get("if-match")];
    const has = tag !== null && tag === request.headers.get("if-none-match");
    if (has) return new Response(null, { status: 304, headers });
    if (wanted !== null && wanted !== tag) return new Response(null, { status: 412 });
  }
  if (coding !== undefined) {
    headers.set("content-encoding", coding);
    const part = query.has("parts") ? partOf(request, bytes, headers) : null;
    const status = part === null ? Number(query.get("status") ?? 200) : 206;
    return new Response(part ?? bytes, { status, headers, encodeBody: "manual" });
  }
  const body = await bodyOf(request, url, headers);
  const wanted = request.headers.get("x-status") ?? query.get("status") ?? 200;
  const status = fails ? Number(wanted) : 200;
  const encodeBody = query.has("gzip") ? "manual" : "automatic";
  return new Response([204, 304].includes(status) ? null : body, { status, headers, encodeBody });
}

export default {
  async fetch(request) {
    const url = new URL(request.url);
    const query = url.searchParams;
    const path = url.pathname;
    if (path in control) return new Response(control[path](query));
    if (path === "/-/script") {
      scripts.set(query.get("path"), { answers: await request.json(), asked: [] });
      return new Response("written");
    }
    const script = scripts.get(path.slice(0, path.lastIndexOf("/")));
    if (script) return scripted(request, script);
    under_way.set(path, (under_way.get(path) ?? 0) + 1);
    peaks.set(path, Math.max(peaks.get(path) ?? 0, under_way.get(path)));
    try {
      return await answer(request, url, query);
    } finally {
      under_way.set(path, under_way.get(path) - 1);
    }
  },
};
