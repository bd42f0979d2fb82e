/**
 * The end of a driver process while a call runs. The call is made to wait with a named pipe in place of the node's
 * journal: its reader waits until somebody writes.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { open, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { mountCapability, refused } from "../controller-contract/bench.ts";
import { accepts, startDriver, type Driver } from "../../support/driver-process.ts";
import { makeKubeletPaths, type KubeletPaths } from "../../support/kubelet-paths.ts";
import { poll, withTimeout } from "../../../src/host/clock.ts";

const hash = "0".repeat(32);
const volume_id = `memory/v1-${hash}`;
/** SIGTERM drains in 5 s; the rest is for a slow machine. */
const patience = (signal: AbortSignal) => withTimeout(signal, 8000);

/** A journal whose reading waits, and what lets it go on. */
async function makeSlowJournal(driver: Driver) {
  const file = path.join(driver.stateDir, "node", "journal", `v1-${hash}.json`);
  await promisify(execFile)("mkfifo", [file]);
  const rest = { readOnlyTargets: [], isRawReady: false, isGrowing: false, devices: [] };
  const entry = { schema: 1, volume: `v1-${hash}`, epoch: 1, stagingPath: "/nowhere", usage: "block", ...rest };
  return async () => {
    await using reader = await open(file, "w");
    // Whoever reads the journal again finds a file that does not make it wait.
    await writeFile(`${file}.whole`, JSON.stringify(entry));
    await rename(`${file}.whole`, file);
    await reader.writeFile(JSON.stringify(entry));
  };
}

/** A call that has arrived: a second one for the same volume is refused. */
async function startUnstage(driver: Driver, paths: KubeletPaths, signal: AbortSignal) {
  const { node } = driver.client;
  const request = { volume_id, staging_target_path: paths.staging };
  const call = node.NodeUnstageVolume(request);
  call.catch(() => undefined);
  await driver.logged((line) => line["rpc"] === "NodeUnstageVolume" && line["msg"] === "request", signal);
  await refused(node.NodeUnstageVolume(request), "ABORTED", /in progress/);
  await refused(
    node.NodeStageVolume({ ...request, publish_context: {}, volume_capability: mountCapability }),
    "ABORTED",
    /in progress/,
  );
  return { ended: call };
}

describe("a driver that is told to stop during a call", { timeout: 60_000 }, () => {
  const flags = ["--log-level", "debug"];

  it("lets the call end, takes no new one, and ends with exit 0", async (t) => {
    await using driver = await startDriver({ mode: "node", flags, signal: t.signal });
    await using paths = await makeKubeletPaths();
    const letGo = await makeSlowJournal(driver);
    const { ended } = await startUnstage(driver, paths, t.signal);
    process.kill(driver.pid, "SIGTERM");
    await poll(async () => ((await accepts(driver.socketPath)) ? undefined : true), patience(t.signal));
    await letGo();
    await ended;
    const { exitCode } = await driver.stop(patience(t.signal));
    assert.equal(exitCode, 0);
  });

  it("does not wait longer than 5 s for it, and says that it stopped", async (t) => {
    await using driver = await startDriver({ mode: "node", flags, signal: t.signal });
    await using paths = await makeKubeletPaths();
    await makeSlowJournal(driver);
    const { ended } = await startUnstage(driver, paths, t.signal);
    process.kill(driver.pid, "SIGTERM");
    await driver.logged((line) => line["msg"] === "stopped", patience(t.signal));
    await assert.rejects(ended, { name: "CsiError" });
  });

  it("ends even though a thread of it hangs in the kernel", async (t) => {
    await using driver = await startDriver({ mode: "node", flags, signal: t.signal });
    await using paths = await makeKubeletPaths();
    await makeSlowJournal(driver);
    const { ended } = await startUnstage(driver, paths, t.signal);
    await driver.stop(patience(t.signal));
    await assert.rejects(ended, { name: "CsiError" });
  });
});
