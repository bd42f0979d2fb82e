import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MemoryBackend } from "../backends/memory/memory-backend.ts";
import { GiB } from "../domain/capacity.ts";
import { volumeIdOf, type ClusterId } from "../domain/identity.ts";
import { poll } from "../host/clock.ts";
import type { ClaimEvent } from "../kubernetes/index.ts";
import { createLogger } from "../observability/logger.ts";
import { ClaimWarnings } from "./claim-warnings.ts";

const cluster = "test-cluster" as ClusterId;
const signal = () => AbortSignal.timeout(5000);

async function open(fails = false) {
  const backend = new MemoryBackend({ total: 2n * GiB, cluster });
  const id = volumeIdOf(cluster, "pvc-1");
  await backend.create({ id, name: "pvc-1", size: GiB }, signal());
  const told: ClaimEvent[] = [];
  const warn = async (event: ClaimEvent) => {
    told.push(event);
    return fails ? Promise.reject(new Error("the API server is down")) : Promise.resolve();
  };
  const logger = createLogger({ level: "error", mode: "all-in-one" });
  const warnings = new ClaimWarnings({ cluster: { warn }, backend, logger });
  const count = async (least: number) => poll(async () => Promise.resolve(told.length >= least || undefined), signal());
  return { warnings, told, count, volume: `memory/${id}` };
}

const message = "cannot do it";

describe("a warning on a claim", () => {
  it("goes to the claim that the volume was made for, or is to be made for", async () => {
    const { warnings, told, count, volume } = await open();
    warnings.tell({ method: "NodeStageVolume", reason: "StageRefused", message, volume });
    const claim = { namespace: "team", name: "data" };
    warnings.tell({ method: "CreateVolume", reason: "PoolFull", message, claim });
    await count(2);
    const sorted = told.toSorted((a, b) => (a.reason < b.reason ? -1 : 1));
    assert.deepEqual(sorted, [
      { claim: { kind: "claim", ...claim }, reason: "PoolFull", message },
      { claim: { kind: "volume", name: "pvc-1" }, reason: "StageRefused", message },
    ]);
  });

  it("is told once while it repeats, and again when nobody could be told", async () => {
    const quiet = await open();
    const news = { method: "NodeStageVolume", reason: "StageRefused", message, volume: quiet.volume };
    for (let round = 0; round < 3; round += 1) quiet.warnings.tell(news);
    quiet.warnings.tell({ ...news, reason: "FenceWaits" });
    await quiet.count(2);
    assert.equal(quiet.told.length, 2);
    const failing = await open(true);
    failing.warnings.tell(news);
    await failing.count(1);
    await poll(async () => {
      failing.warnings.tell(news);
      return Promise.resolve(failing.told.length > 1 || undefined);
    }, signal());
  });

  it("is not told of what is no volume here", async () => {
    const { warnings, told, count, volume } = await open();
    for (const stranger of ["", "nvmet/x", "somebody's"]) {
      warnings.tell({ method: "NodeStageVolume", reason: "StageRefused", message, volume: stranger });
    }
    warnings.tell({ method: "NodeStageVolume", reason: "StageRefused", message, volume });
    await count(1);
    assert.equal(told.length, 1);
  });
});
