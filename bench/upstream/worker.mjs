// The service under test's place-holder: answers every request with one roadmap record of about
// 1 kB, at once and in JavaScript, so that what a benchmark measures is the gateway before it.

const MILESTONES = [
  ["Collect what teams need", "2026-09-30", true],
  ["Agree on the shape of the public API", "2026-11-15", true],
  ["First version for pilot customers", "2027-02-28", false],
  ["General availability in every region", "2027-06-30", false],
];

const RECORD = JSON.stringify({
  id: "rm_7k2m4q6t8w",
  title: "One gateway for every public API",
  summary:
    "Consumers meet one address, one way to sign in and one kind of error, whichever team answers. " +
    "Teams deploy alone, plug their service in by name, and see what an edit changes before it does.",
  status: "active",
  owner: { id: "usr_platform" },
  created_at: "2026-08-01T09:00:00Z",
  updated_at: "2026-11-20T16:42:10Z",
  revision: 12,
  milestones: MILESTONES.map(([title, dueOn, done], position) => ({
    id: `ms_${position}c5x9z1b3`,
    roadmap_id: "rm_7k2m4q6t8w",
    title,
    due_on: dueOn,
    done,
    position,
  })),
});

export default {
  fetch(request) {
    const cacheable = new URL(request.url).pathname.startsWith("/cacheable/");
    return new Response(RECORD, {
      headers: {
        "content-type": "application/json",
        "cache-control": cacheable ? "public, max-age=3600" : "no-store",
      },
    });
  },
};
