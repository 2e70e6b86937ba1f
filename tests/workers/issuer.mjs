// A foreign issuer: publishes what it is told to, or nothing at all.
//
// PUT /-/state {status, body, headers} says what GET /keys answers; GET /-/calls how often it was.

let state = { status: 503, body: "", headers: {} };
let calls = 0;

export default {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/-/calls") return new Response(String(calls));
    if (pathname === "/-/state") {
      state = await request.json();
      return new Response("told");
    }
    calls += 1;
    return new Response(state.body, { status: state.status, headers: state.headers });
  },
};
