/**
 * Random requests against a driver process: it stays alive, never answers with a code for a fault of its own, keeps no
 * memory of what it answered, and serves a volume's whole life afterwards. SEED repeats a round.
 */
import assert from "node:assert/strict";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import fc from "fast-check";
import { isLongRound } from "../../support/long-round.ts";
import { buildMutant } from "../../support/mutant.ts";
import { mountCapability } from "../controller-contract/bench.ts";
import { memoryOf, type Memory } from "./driver-memory.ts";
import { openFuzzBed, type FuzzBed } from "./fuzz-bed.ts";
import { treeOf } from "./tree.ts";
import { fuzzed, wildRequest } from "./wild-requests.ts";

const requests = isLongRound ? 100_000 : 3000;
const givenSeed = Number(process.env["SEED"] ?? Math.trunc(Math.random() * 2 ** 31));
const MiB = 1024 ** 2;
/** Sent between two clearings; `atOnce` of them are under way at the same time. */
const chunk = 200;
const atOnce = 4;
/** V8 gives memory back late: what is resident says less than what is held. */
const tolerance: Memory = { heap: 8 * MiB, resident: 128 * MiB };

/** Sends so many requests, and tells what the driver holds at a fifth of the way and at the end. */
async function play(fuzz: FuzzBed, count: number, seed: number, signal: AbortSignal) {
  const arbitrary = wildRequest(fuzz.bed);
  let early: Memory | undefined;
  for (let sent = 0; sent < count; sent += chunk) {
    const wild = fc.sample(arbitrary, { seed: seed + sent, numRuns: Math.min(chunk, count - sent) }).values();
    const worker = async () => {
      for (const request of wild) await fuzz.send(request);
    };
    await fuzz.prepare();
    await Promise.all(Array.from({ length: atOnce }, worker));
    await fuzz.clear();
    if (early === undefined && sent + chunk >= count / 5) early = await memoryOf(fuzz.driver, signal);
  }
  assert.ok(early);
  return { early, late: await memoryOf(fuzz.driver, signal) };
}

function report(t: TestContext, { answers }: FuzzBed, memory: { early: Memory; late: Memory }) {
  const inMiB = ({ heap, resident }: Memory) =>
    `heap ${(heap / MiB).toFixed(1)} MiB, resident ${(resident / MiB).toFixed(0)} MiB`;
  t.diagnostic(`at a fifth: ${inMiB(memory.early)}; at the end: ${inMiB(memory.late)}`);
  t.diagnostic(
    [...answers]
      .map(([key, count]) => `${key} ${count}`)
      .toSorted()
      .join(", "),
  );
}

function hasGrown({ early, late }: { readonly early: Memory; readonly late: Memory }): boolean {
  return late.heap - early.heap > tolerance.heap || late.resident - early.resident > tolerance.resident;
}

async function wholeLife({ driver, bed }: FuzzBed): Promise<void> {
  const { controller, node } = driver.client;
  const volume_capabilities = [mountCapability];
  const { volume } = await controller.CreateVolume({ name: "afterwards", volume_capabilities });
  const [volume_id, node_id, volume_capability] = [volume?.volume_id ?? "", bed.node, mountCapability];
  const { publish_context } = await controller.ControllerPublishVolume({ volume_id, node_id, volume_capability });
  const staging_target_path = bed.stagings[0] ?? "";
  const target_path = bed.targets[0]?.[0] ?? "";
  await node.NodeStageVolume({ volume_id, publish_context, staging_target_path, volume_capability });
  await node.NodePublishVolume({ volume_id, staging_target_path, target_path, volume_capability });
  const capacity_range = { required_bytes: String(2n << 30n) };
  await controller.ControllerExpandVolume({ volume_id, capacity_range });
  await node.NodeExpandVolume({ volume_id, volume_path: target_path, capacity_range });
  const { snapshot } = await controller.CreateSnapshot({ name: "afterwards", source_volume_id: volume_id });
  const snapshot_id = snapshot?.snapshot_id ?? "";
  const copied = { name: "copied", volume_capabilities, volume_content_source: { snapshot: { snapshot_id } } };
  const copy = (await controller.CreateVolume(copied)).volume;
  await controller.DeleteSnapshot({ snapshot_id });
  await controller.DeleteVolume({ volume_id: copy?.volume_id ?? "" });
  await node.NodeUnpublishVolume({ volume_id, target_path });
  await node.NodeUnstageVolume({ volume_id, staging_target_path });
  await controller.ControllerUnpublishVolume({ volume_id, node_id });
  await controller.DeleteVolume({ volume_id });
}

/** Each RPC was served, and copies were made. */
function assertReach({ answers, copies }: FuzzBed): void {
  const unserved = fuzzed.filter((method) => answers.has(`${nameOf(method)} UNIMPLEMENTED`));
  const unreached = fuzzed.filter((method) => !unserved.includes(method) && !answers.has(`${nameOf(method)} OK`));
  assert.deepEqual(unreached, []);
  assert.ok(copies > 0, "no copy was made");
  const total = [...answers].filter(([key]) => key.endsWith(" OK")).reduce((sum, [, count]) => sum + count, 0);
  assert.ok(total > requests / 5, `${total} of ${requests} requests were served`);
}

function nameOf(method: string): string {
  return method.slice(method.lastIndexOf("/") + 1);
}

describe("random requests", { timeout: 60_000 + requests * 10 }, () => {
  it("end no driver, show no fault of its own, cost no memory and leave nothing", async (t) => {
    await using opened = await openFuzzBed({ signal: t.signal });
    const { fuzz, outside } = opened;
    const untouched = await treeOf(outside);
    await wholeLife(fuzz);
    const before = await fuzz.leftovers();
    t.diagnostic(`${requests} requests, SEED=${givenSeed}`);
    const memory = await play(fuzz, requests, givenSeed, t.signal);
    report(t, fuzz, memory);
    assert.deepEqual(fuzz.faults.slice(0, 5), []);
    assertReach(fuzz);
    assert.ok(!hasGrown(memory), "the driver's memory has grown");
    await wholeLife(fuzz);
    assert.deepEqual(await fuzz.leftovers(), before);
    assert.deepEqual(await treeOf(outside), untouched);
  });

  const mutants = [
    {
      ...{ name: "any-number", file: "src/csi/publish-context.ts" },
      ...{ replace: '.regex(/^\\d{1,20}$/, "must be a decimal number")', by: "" },
    },
    {
      ...{ name: "leak", file: "src/csi/server.ts", replace: "const deadlineAt = wire.getDeadline();" },
      by: "const deadlineAt = wire.getDeadline(); Reflect.set(globalThis, randomUUID(), Buffer.alloc(50_000));",
    },
  ] as const;
  it("show an unexpected error, and memory that grows, where there are such faults", async (t) => {
    const main = path.join(import.meta.dirname, "../../..", await buildMutant(...mutants), "main.js");
    await using opened = await openFuzzBed({ main, signal: t.signal });
    const { fuzz } = opened;
    assert.ok(hasGrown(await play(fuzz, 2000, 1, t.signal)));
    assert.ok(fuzz.faults.some((fault) => fault.startsWith("INTERNAL an unexpected error")));
  });
});
