// The peer's limiter: a sliding-window counter in a Durable Object, written to SQLite on each permit.
// The arithmetic is the gateway's own (contract/limiting/sliding_window.py).

import { DurableObject } from "cloudflare:workers";

export class Limiter extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    this.sql = ctx.storage.sql;
    this.sql.exec("CREATE TABLE IF NOT EXISTS w (id INTEGER PRIMARY KEY, i INT, c INT, p INT)");
    const [row] = this.sql.exec("SELECT i, c, p FROM w WHERE id = 1");
    this.index = row?.i ?? 0;
    this.current = row?.c ?? 0;
    this.previous = row?.p ?? 0;
  }

  check(quota, window) {
    const now = Date.now() / 1000;
    const index = Math.floor(now / window);
    if (index !== this.index) {
      this.previous = index === this.index + 1 ? this.current : 0;
      this.current = 0;
      this.index = index;
    }
    const elapsed = now / window - index;
    const estimate = this.previous * (1 - elapsed) + this.current;
    const reset = (1 - elapsed) * window;
    if (estimate + 1 > quota) return { admitted: false, remaining: 0, reset };
    this.current += 1;
    this.sql.exec(
      "INSERT OR REPLACE INTO w (id, i, c, p) VALUES (1, ?, ?, ?)",
      this.index,
      this.current,
      this.previous,
    );
    return { admitted: true, remaining: Math.floor(quota - estimate - 1), reset };
  }
}
