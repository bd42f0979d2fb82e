import assert from "node:assert/strict";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { failure } from "../domain/errors.ts";
import type { ClusterId } from "../domain/identity.ts";
import { createLogger } from "../observability/logger.ts";
import { clusterIdOf } from "./cluster.ts";

const logger = createLogger({ level: "error", mode: "all-in-one" });
const signal = new AbortController().signal;
const waiting = { logger, signal };
const says = (id: string) => ({ id: async () => Promise.resolve(id as ClusterId) });
const down = { id: async () => Promise.reject(failure("unavailable", { cannot: "ask", rule: "no route" })) };

async function stateDirectory(t: TestContext) {
  const directory = await mkdtempDisposable(path.join(tmpdir(), "nvmetcp-csi-cluster-"));
  t.after(async () => directory.remove());
  return { clusterId: undefined, stateDir: path.join(directory.path, "state") };
}

describe("the cluster of a machine", () => {
  it("is the configured one, whatever the API server says", async (t) => {
    const config = { ...(await stateDirectory(t)), clusterId: "mine" as ClusterId };
    assert.equal(await clusterIdOf(config, says("theirs"), waiting), "mine");
  });

  it("is what the API server says, and is remembered for a start without it", async (t) => {
    const config = await stateDirectory(t);
    assert.equal(await clusterIdOf(config, says("uid-1"), waiting), "uid-1");
    assert.equal(await clusterIdOf(config, down, waiting), "uid-1");
  });

  it("is never another one than before: its volumes would be nobody's", async (t) => {
    const config = await stateDirectory(t);
    await clusterIdOf(config, says("uid-1"), waiting);
    await assert.rejects(clusterIdOf(config, says("uid-2"), waiting), {
      kind: "precondition",
      message: /serves cluster uid-1; got "uid-2"/,
    });
  });

  it("is waited for where nobody knows it yet, until the process is told to stop", async (t) => {
    const config = await stateDirectory(t);
    const stop = new AbortController();
    const asked = clusterIdOf(config, down, { logger, signal: stop.signal });
    stop.abort(new Error("stopped"));
    await assert.rejects(asked);
  });
});
