import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { failure } from "../domain/errors.ts";
import { serveHealth } from "./health.ts";

const anyPort = { address: "127.0.0.1", port: 0 };

async function ask(port: number, path: string, method = "GET"): Promise<readonly [number, string]> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method });
  return [response.status, await response.text()];
}

describe("the health check", () => {
  it("answers as the probe does, with the reason", async () => {
    const faults: Error[] = [];
    await using health = await serveHealth(anyPort, async () =>
      faults[0] ? Promise.reject(faults[0]) : Promise.resolve(),
    );
    for (const path of ["/healthz", "/readyz"]) assert.deepEqual(await ask(health.port, path), [200, "ok\n"]);
    faults.push(failure("unavailable", { cannot: "serve", rule: "the pool is gone" }));
    assert.deepEqual(await ask(health.port, "/readyz"), [503, "cannot serve: the pool is gone\n"]);
  });

  it("says no when the probe hangs", async () => {
    await using health = await serveHealth(anyPort, async () => new Promise<void>(() => undefined));
    assert.equal((await ask(health.port, "/healthz"))[0], 503);
  });

  it("knows nothing else", async () => {
    await using health = await serveHealth(anyPort, async () => Promise.resolve());
    assert.equal((await ask(health.port, "/metrics"))[0], 404);
    assert.equal((await ask(health.port, "/healthz", "POST"))[0], 404);
  });
});
