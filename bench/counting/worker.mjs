// Counts the calls that Workers make while they answer, as the runtime itself reports them: a
// streaming tail Worker is told of every span of an invocation. GET answers with the totals so far.

const totals = { invocations: 0, calls: {} };

export default {
  fetch() {
    return Response.json(totals);
  },

  tailStream({ event: onset }) {
    // The Durable Object that a Worker brings along reports too; here only who is asked by HTTP counts.
    if (onset.executionModel !== "stateless" || onset.info?.type !== "fetch") return undefined;
    return ({ event, spanContext }) => {
      if (event.type === "outcome") totals.invocations += 1;
      // A call to an object has the RPC that carries it as a child: only the outer one counts.
      if (event.type === "spanOpen" && spanContext.spanId === onset.spanId) {
        totals.calls[event.name] = (totals.calls[event.name] ?? 0) + 1;
      }
    };
  },
};
