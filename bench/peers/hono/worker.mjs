// The peer: the gateway that one would write by hand with Hono, in JavaScript, with the policies of
// ../../routes.yaml on the same paths. Its limiter is in limiter.mjs.

import { Hono } from "hono";
import { cache } from "hono/cache";
import { jwtVerify } from "jose";

export { Limiter } from "./limiter.mjs";

const QUOTA = 1_000_000;
const WINDOW = 60;
const SCOPE = "roadmaps:read";

const NOT_FORWARDED = /^(authorization|connection|keep-alive|te|trailer|upgrade|forwarded|gateway-.*|x-forwarded-.*|x-real-ip)$/;

const app = new Hono();

const hex = (bytes) => crypto.getRandomValues(new Uint8Array(bytes)).toHex();

function problem(c, status, title) {
  return c.json({ type: "about:blank", title, status, request_id: c.get("requestId") }, status, {
    "content-type": "application/problem+json",
  });
}

// Request id, trace context and the log line: around everything, as in the gateway.
app.use(async (c, next) => {
  const started = Date.now();
  const requestId = crypto.randomUUID();
  const traceId = c.req.header("traceparent")?.split("-")[1] ?? hex(16);
  c.set("requestId", requestId);
  c.set("traceparent", `00-${traceId}-${hex(8)}-01`);
  await next();
  c.header("X-Request-Id", requestId);
  console.log(
    JSON.stringify({
      level: "info",
      message: "request",
      request_id: requestId,
      trace_id: traceId,
      method: c.req.method,
      path: c.req.path,
      status: c.res.status,
      duration_ms: Date.now() - started,
      subject: c.get("claims")?.sub,
    }),
  );
});

let key;

async function authenticate(c, next) {
  const credential = c.req.header("authorization")?.match(/^Bearer (\S+)$/i)?.[1];
  if (credential === undefined) return problem(c, 401, "Credentials are required");
  key ??= await crypto.subtle.importKey(
    "raw",
    Uint8Array.fromBase64(c.env.SIGNING_KEY, { alphabet: "base64url" }),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["verify"],
  );
  let claims;
  try {
    const verified = await jwtVerify(credential, key, {
      algorithms: ["HS256"],
      issuer: c.env.ISSUER,
      audience: c.env.AUDIENCE,
      requiredClaims: ["sub", "exp", "iat"],
    });
    claims = verified.payload;
  } catch {
    return problem(c, 401, "The credentials are not valid");
  }
  if (!String(claims.scope).split(" ").includes(SCOPE)) return problem(c, 403, "Missing scope");
  c.set("claims", claims);
  await next();
}

async function limit(c, next) {
  const objects = c.env.LIMITER;
  const object = objects.get(objects.idFromName(`limited:${c.get("claims").sub}`));
  const { admitted, remaining, reset } = await object.check(QUOTA, WINDOW);
  if (admitted) await next();
  else c.res = problem(c, 429, "The limit is reached");
  c.header("RateLimit-Policy", `"bench";q=${QUOTA};w=${WINDOW}`);
  c.header("RateLimit", `"bench";r=${remaining};t=${Math.ceil(reset)}`);
}

async function lifecycle(c, next) {
  await next();
  c.header("Deprecation", "@1767225600");
  c.header("Sunset", "Thu, 31 Dec 2026 23:59:59 GMT");
  c.header("Link", `</v2/limited/${c.req.param("id")}>; rel="successor-version"`);
}

// The same operations as the transform `v1` in ../../routes.yaml.
async function transform(c, next) {
  await next();
  const { title, owner, revision, milestones, status, ...rest } = await c.res.json();
  const body = {
    ...rest,
    status: status === "active" ? "open" : status,
    name: title,
    owner_id: owner.id,
    milestones: milestones.map(({ done, ...milestone }) => ({ ...milestone, completed: done })),
  };
  const headers = new Headers(c.res.headers);
  headers.delete("content-length");
  c.res = new Response(JSON.stringify(body), { status: c.res.status, headers });
}

// hono/cache hands out what the Cache API has without saying so; the gateway does (RFC 9211).
async function cacheStatus(c, next) {
  await next();
  const hit = c.res.headers.get("cf-cache-status") === "HIT";
  c.header("CF-Cache-Status", undefined);
  c.header("Cache-Status", hit ? "hono; hit" : "hono; fwd=uri-miss; stored");
}

async function forward(c) {
  const url = new URL(c.req.url);
  url.pathname = url.pathname.replace(/^\/v[0-9]+/, "");
  const headers = new Headers();
  for (const [name, value] of c.req.raw.headers) {
    if (!NOT_FORWARDED.test(name)) headers.append(name, value);
  }
  headers.set("x-request-id", c.get("requestId"));
  headers.set("traceparent", c.get("traceparent"));
  const claims = c.get("claims");
  if (claims) headers.set("gateway-identity", JSON.stringify({ subject: claims.sub }));
  const response = await c.env.DATA.fetch(url, {
    method: c.req.method,
    headers,
    body: c.req.raw.body,
    redirect: "manual",
  });
  return new Response(response.body, response);
}

app.get("/v2/open/:id", forward);
app.get("/v2/authenticated/:id", authenticate, forward);
app.get("/v2/limited/:id", authenticate, limit, forward);
app.get("/v1/limited/:id", lifecycle, authenticate, limit, transform, forward);
app.get("/v2/cacheable/:id", cacheStatus, cache({ cacheName: "public" }), forward);

export default app;
