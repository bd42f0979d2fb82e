import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { HostIdentity, Nqn, Uuid } from "../domain/identity.ts";
import { MemoryInitiator, type MemoryExport } from "./memory-initiator.ts";

const nqn = "nqn.2026-11.dev.nvmetcp.csi:0a1b2c3d:v1-00112233445566778899aabbccddeeff" as Nqn;
const uuid = "6ba7b810-9dad-51d1-80b4-00c04fd430c8" as Uuid;
const portals = [{ address: "127.0.0.1", port: 4420 }];
const signal = AbortSignal.timeout(10_000);

function hostOf(digit: number): HostIdentity {
  const hostId = `${digit}ba7b811-9dad-51d1-80b4-00c04fd430c8` as Uuid;
  return { hostNqn: `nqn.2014-08.org.nvmexpress:uuid:${hostId}` as Nqn, hostId };
}

describe("the initiator in memory", () => {
  const target = { nqn, uuid };
  const request = { ...target, host: hostOf(1), portals, atLeast: 100n };
  const exportFor = (...hosts: HostIdentity[]): MemoryExport => ({
    uuid,
    size: 100n,
    hosts: new Set(hosts.map(({ hostNqn }) => hostNqn)),
    incarnation: "1",
  });

  it("connects an allowed host, and loses the device with the right to it", async () => {
    let exported: MemoryExport | undefined = exportFor(hostOf(1));
    const initiator = new MemoryInitiator({ exportOf: () => exported });
    const device = await initiator.connect(request, signal);
    assert.deepEqual(await initiator.find(target, signal), device);
    assert.deepEqual(await initiator.hostsOf(nqn), [hostOf(1).hostNqn]);
    assert.equal((await initiator.condition(target)).abnormal, false);
    exported = exportFor(hostOf(2));
    assert.equal(await initiator.find(target, signal), undefined);
    assert.equal((await initiator.condition(target)).abnormal, true);
    await assert.rejects(initiator.connect(request, signal), { kind: "unavailable" });
    exported = exportFor(hostOf(1));
    assert.equal(await initiator.find(target, signal), undefined, "a revoked host does not come back by itself");
  });

  it("replaces another host of the same subsystem", async () => {
    const initiator = new MemoryInitiator({ exportOf: () => exportFor(hostOf(1), hostOf(2)) });
    await initiator.connect(request, signal);
    await initiator.connect({ ...request, host: hostOf(2) }, signal);
    assert.deepEqual(await initiator.hostsOf(nqn), [hostOf(2).hostNqn]);
  });

  it("refuses another uuid, too small a device, and an unknown subsystem", async () => {
    const initiator = new MemoryInitiator({ exportOf: (name) => (name === nqn ? exportFor(hostOf(1)) : undefined) });
    const other = "7ba7b810-9dad-51d1-80b4-00c04fd430c8" as Uuid;
    await assert.rejects(initiator.connect({ ...request, uuid: other }, signal), { kind: "precondition" });
    await assert.rejects(initiator.connect({ ...request, atLeast: 101n }, signal), { kind: "timeout" });
    await assert.rejects(initiator.connect({ ...request, nqn: "nqn.x" as Nqn }, signal), { kind: "unavailable" });
  });

  it("keeps the number of an export, and gives another to its successor of the same name", async () => {
    let exported = exportFor(hostOf(1));
    const initiator = new MemoryInitiator({ exportOf: () => exported });
    const { number } = await initiator.connect(request, signal);
    await initiator.disconnect(nqn, signal);
    assert.equal(await initiator.find(target, signal), undefined);
    assert.deepEqual((await initiator.connect(request, signal)).number, number);
    exported = { ...exported, incarnation: "2" };
    assert.notDeepEqual((await initiator.connect(request, signal)).number, number);
  });
});
