// A load generator for machines without wrk: raw keep-alive sockets, one request at a time on each,
// every response time kept in nanoseconds. Called by bench/load.py with its settings as JSON; prints
// the line of JSON that report.lua has wrk print.

import net from "node:net";

const { url, headers, connections, seconds } = JSON.parse(process.argv[2]);
const { hostname, port, host, pathname, search } = new URL(url);
const fields = Object.entries({ host, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
const message = `GET ${pathname}${search} HTTP/1.1\r\n${fields.join("")}\r\n`;

const HEAD_END = "\r\n\r\n";
const LAST_CHUNK = "\r\n0\r\n\r\n";

const times = [];
const errors = { connect: 0, read: 0, write: 0, status: 0, timeout: 0 };
const started = process.hrtime.bigint();
const deadline = started + BigInt(Math.round(seconds * 1e9));

// Whether `text` is a whole response. As nothing is pipelined, the last chunk ends the text.
function complete(text) {
  const end = text.indexOf(HEAD_END);
  if (end < 0) return false;
  const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, end));
  return length ? text.length >= end + HEAD_END.length + +length[1] : text.endsWith(LAST_CHUNK);
}

function client() {
  return new Promise((resolve) => {
    const socket = net.connect({ host: hostname, port, noDelay: true });
    let text = "";
    let sent = 0n;
    let connected = false;
    let ended = false;
    const send = () => {
      sent = process.hrtime.bigint();
      socket.write(message);
    };
    socket.setEncoding("latin1");
    socket.setTimeout((seconds + 5) * 1000, () => {
      errors.timeout += 1;
      socket.destroy();
    });
    socket.on("connect", () => {
      connected = true;
      send();
    });
    socket.on("data", (chunk) => {
      text += chunk;
      if (!complete(text)) return;
      const now = process.hrtime.bigint();
      times.push(Number(now - sent));
      if (!/^HTTP\/1\.1 2/.test(text)) errors.status += 1;
      text = "";
      if (now < deadline) return send();
      ended = true;
      socket.end();
    });
    socket.on("error", () => {
      errors[connected ? "read" : "connect"] += 1;
      ended = true;
    });
    socket.on("close", () => {
      if (!ended) errors.read += 1;
      resolve();
    });
  });
}

await Promise.all(Array.from({ length: connections }, client));
const duration = Number(process.hrtime.bigint() - started);
times.sort((a, b) => a - b);
const percentile = (part) => Math.round(times[Math.ceil(part * times.length) - 1] / 1000) || 0;
console.log(
  JSON.stringify({
    requests: times.length,
    timed: times.length,
    duration_us: Math.round(duration / 1000),
    p50_us: percentile(0.5),
    p99_us: percentile(0.99),
    errors,
  }),
);
