// Hosts Workers in one workerd through Miniflare, as a plan (JSON, written by runtime/plan.py) says.
//
//   node host.mjs PLAN EVENTS_FD
//
// Bindings come from the wrangler.toml files that are deployed; the plan only adds what is local.
// Events leave as JSON lines on file descriptor EVENTS_FD; the Workers' own output goes to stdout
// and stderr. A line "reload" on stdin reads the plan and all files again. The end of stdin, which
// is also the end of the process that started us, ends everything.

import { existsSync, readdirSync, readFileSync, writeSync } from "node:fs";
import { devNull } from "node:os";
import { dirname, extname, join, relative, resolve } from "node:path";
import { createInterface } from "node:readline";
import { build } from "esbuild";
import { Log, LogLevel, Miniflare, convertV4MiniflareOptions } from "miniflare";
import {
  unstable_getMiniflareWorkerOptions as readWorker,
  unstable_readConfig as readConfig,
  unstable_splitSqlQuery as splitSql,
} from "wrangler";

const [planPath, eventsDescriptor] = process.argv.slice(2);
const RESTART_DEADLINE = 120_000; // milliseconds that Miniflare gets to bring back a dead workerd

function emit(event, fields = {}) {
  writeSync(Number(eventsDescriptor), `${JSON.stringify({ event, ...fields })}\n`);
}

// ---- modules -------------------------------------------------------------------------------------

/** Paths of all files below `root`, relative to it, but for those below folders named in `skip`. */
function filesBelow(root, skip, folder = root) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (skip.includes(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(root, skip, path) : [relative(root, path)];
  });
}

const SKIPPED = ["__pycache__", "node_modules", ".wrangler"];

/** As wrangler takes them: the main module, every .py below its folder, and python_modules/. */
function pythonModules(main, vendored, replaced) {
  const root = dirname(main);
  const entry = relative(root, main);
  const contents = new Map();
  for (const path of filesBelow(root, [...SKIPPED, "python_modules"])) {
    if (path.endsWith(".py")) contents.set(path, join(root, path));
  }
  for (const [name, path] of Object.entries(replaced)) contents.set(name, path);
  if (existsSync(vendored)) {
    for (const path of filesBelow(vendored, SKIPPED)) {
      contents.set(`python_modules/${path}`, join(vendored, path));
    }
  }
  const names = [entry, ...[...contents.keys()].filter((name) => name !== entry).sort()];
  return names.map((name) => ({
    type: pythonModuleType(name),
    path: name,
    contents: readFileSync(contents.get(name)),
  }));
}

function pythonModuleType(name) {
  if (extname(name) === ".py") return "PythonModule";
  // The SDK imports these by `import_from_javascript`.
  if (/^python_modules\/workers\/.*\.m?js$/.test(name)) return "ESModule";
  return "Data";
}

/** One ES module made of a JavaScript Worker and the packages that it imports. */
async function javascriptModules(main) {
  const { outputFiles } = await build({
    entryPoints: [main],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    logLevel: "warning",
  });
  return [{ type: "ESModule", path: "worker.mjs", contents: outputFiles[0].text }];
}

// ---- Workers -------------------------------------------------------------------------------------

/** Miniflare's options for one entry of the plan, and its D1 databases with their migrations. */
async function workerOptions(entry, plan) {
  const { options, main, databases } = entry.config ? fromConfig(entry, plan) : fromScript(entry);
  const python = extname(main) === ".py";
  const vendored = join(dirname(entry.config ?? main), "python_modules");
  const flags = python ? plan.pythonFlags : [];
  return {
    databases,
    worker: {
      ...options,
      name: entry.name,
      modules: python
        ? pythonModules(main, vendored, entry.modules)
        : await javascriptModules(main),
      compatibilityFlags: [...(options.compatibilityFlags ?? []), ...flags],
      bindings: { ...options.bindings, ...entry.vars },
      serviceBindings: { ...options.serviceBindings, ...entry.serviceBindings },
      unsafeDirectSockets: [{ host: plan.host, port: entry.port }],
      ...entry.options,
    },
  };
}

function fromConfig(entry, plan) {
  // Naming an empty file is wrangler's way of not reading .dev.vars.
  const { workerOptions: options, main } = readWorker(entry.config, undefined, {
    envFiles: plan.devVars ? undefined : [devNull],
  });
  const config = readConfig({ config: entry.config }, { hideWarnings: true });
  const databases = config.d1_databases.map((database) => ({
    worker: entry.name,
    binding: database.binding,
    folder: resolve(dirname(entry.config), database.migrations_dir ?? "migrations"),
    table: database.migrations_table ?? "d1_migrations",
  }));
  return { options, main: resolve(dirname(entry.config), main), databases };
}

function fromScript(entry) {
  return { options: { compatibilityDate: "2026-11-17" }, main: entry.script, databases: [] };
}

/** All of Miniflare's options, from the plan and the files as they are on disk now. */
async function miniflareOptions() {
  const plan = JSON.parse(readFileSync(planPath, "utf8"));
  const workers = await Promise.all(plan.workers.map((entry) => workerOptions(entry, plan)));
  const options = convertV4MiniflareOptions({
    cf: false,
    host: plan.host,
    port: 0,
    log: new HostLog(LogLevel.WARN),
    logRequests: false,
    ...(plan.state && { resourcePersistencePath: plan.state }),
    ...(plan.registry && { unsafeDevRegistryPath: plan.registry }),
    handleStructuredLogs: writeLog,
    unsafeHandleRuntimeRestart: () => restarted(),
    workers: workers.map(({ worker }) => worker),
  });
  return { plan, options, databases: workers.flatMap(({ databases }) => databases) };
}

// ---- output --------------------------------------------------------------------------------------

function writeLog({ level, message }) {
  const stream = level === "error" || level === "warn" ? process.stderr : process.stdout;
  stream.write(`${message}\n`);
}

/** Miniflare's own messages. Those about a crash are events: it says them in no other way. */
class HostLog extends Log {
  log(message) {
    process.stderr.write(`${message}\n`);
  }

  warn(message) {
    if (!message.includes("crashed unexpectedly")) return super.warn(message);
    emit("crashed");
    restartTimer = setTimeout(() => fail("workerd did not come back"), RESTART_DEADLINE);
  }

  error(error) {
    // It tries once; a workerd that dies again while it starts stays away.
    if (error.message.includes("failed to restart")) fail("workerd died while it started");
    super.error(error);
  }
}

let restartTimer;

async function restarted() {
  clearTimeout(restartTimer);
  await announce("ready");
}

/** What workerd wrote itself was printed already; Miniflare repeats it. */
function reason(error) {
  return error.message.split("\nRuntime stderr:")[0];
}

function fail(message) {
  emit("failed", { message });
  process.exit(3);
}

// ---- D1 migrations -------------------------------------------------------------------------------

/** Applies what `wrangler d1 migrations apply` would, in the same order and with the same record. */
async function migrate({ worker, binding, folder, table }) {
  if (!existsSync(folder)) return;
  const database = await miniflare.getD1Database(binding, worker);
  const name = `"${table.replaceAll('"', '""')}"`;
  await database
    .prepare(
      `CREATE TABLE IF NOT EXISTS ${name}(
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT UNIQUE,
        applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)`,
    )
    .run();
  const { results } = await database.prepare(`SELECT name FROM ${name}`).all();
  const applied = new Set(results.map((row) => row.name));
  const pending = readdirSync(folder).filter((file) => file.endsWith(".sql") && !applied.has(file));
  for (const file of pending.sort()) {
    const statements = splitSql(readFileSync(join(folder, file), "utf8"));
    await database.batch([
      ...statements.map((statement) => database.prepare(statement)),
      database.prepare(`INSERT INTO ${name} (name) VALUES (?)`).bind(file),
    ]);
    emit("migrated", { worker, binding, file });
  }
}

// ---- life ----------------------------------------------------------------------------------------

let miniflare;
let current;

async function announce(event) {
  const urls = {};
  for (const { name } of current.plan.workers) {
    urls[name] = (await miniflare.unsafeGetDirectURL(name)).origin;
  }
  emit(event, { urls, pid: Number(readFileSync(current.plan.pidFile, "utf8")) });
}

async function start() {
  current = await miniflareOptions();
  miniflare = new Miniflare(current.options);
  await miniflare.ready;
  for (const database of current.databases) await migrate(database);
  await announce("ready");
}

/** Ends with "ready", or with "rejected" while nothing answers until the next reload. */
async function reload() {
  try {
    current = await miniflareOptions();
    await miniflare.setOptions(current.options);
    for (const database of current.databases) await migrate(database);
    await announce("ready");
  } catch (error) {
    emit("rejected", { message: reason(error) });
  }
}

async function stop() {
  await miniflare?.dispose();
  process.exit(0);
}

let work = start().catch((error) => fail(reason(error)));
const lines = createInterface({ input: process.stdin });
lines.on("line", () => {
  work = work.then(reload);
});
lines.on("close", stop);
