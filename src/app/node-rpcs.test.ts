/** Class parameters on their way through the node; the rest of it is the contract's (test/contract). */
import assert from "node:assert/strict";
import { mkdtempDisposableSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { MemoryBackend } from "../backends/memory/memory-backend.ts";
import type { Config } from "../config/config.ts";
import type { Call } from "../csi/call.ts";
import { encodeAttachment } from "../csi/publish-context.ts";
import { defaultMkfsOptions } from "../domain/class-parameters.ts";
import { volumeIdOf, type ClusterId } from "../domain/identity.ts";
import { parseNodeId } from "../domain/node-id.ts";
import { MemoryDevice } from "../filesystem/memory-device.ts";
import { noChildren } from "../../test/support/children.ts";
import { nodeRpcs } from "./node-rpcs.ts";
import { openNodeState } from "./node-state.ts";
import type { Settings } from "./settings.ts";

const clusterId = "test-cluster" as ClusterId;
const size = 320n * 1024n * 1024n;
const mount = { fs_type: "btrfs", mount_flags: [], volume_mount_group: "" };
const volume_capability = { access_type: "mount", mount, access_mode: { mode: "SINGLE_NODE_WRITER" } };
const signal = AbortSignal.timeout(10_000);

/** Stages a published volume with a volume context, on a node over the in-memory kernel. */
async function staging(t: TestContext) {
  const folder = mkdtempDisposableSync(join(tmpdir(), "nvmetcp-node-"));
  t.after(() => folder.remove());
  const stateDir = await realpath(folder.path);
  const backend = new MemoryBackend({ total: 1n << 40n, cluster: clusterId });
  const state = await openNodeState({ stateDir, nodeName: "node-a" } as Config);
  const rpcs = nodeRpcs({ clusterId, backend: "memory", maxVolumes: 0 } as Settings, {
    state,
    children: noChildren,
    backend,
  });
  const id = volumeIdOf(clusterId, "pvc-1");
  await backend.create({ id, name: "pvc-1", size }, signal);
  const node = parseNodeId(state.node.id);
  assert.ok(node);
  const publish_context = encodeAttachment(await backend.publish(id, { node, access: "read-write" }, signal));
  const stage = Reflect.get(rpcs, "NodeStageVolume") as (request: object, call: Partial<Call>) => Promise<object>;
  return async (volume_context: Readonly<Record<string, string>>) => {
    const at = { volume_id: `memory/${id}`, staging_target_path: stateDir };
    const request = { ...at, publish_context, volume_capability, volume_context };
    return stage(request, { method: "NodeStageVolume", signal, note: () => undefined });
  };
}

describe("NodeStageVolume", () => {
  it("makes the file system with the parameters of the volume context", async (t) => {
    const make = t.mock.method(MemoryDevice.prototype, "make");
    const stage = await staging(t);
    await stage({ schema: "1", "btrfs.nodeSize": "65536", "storage.kubernetes.io/csiProvisionerIdentity": "1-x" });
    const [request] = make.mock.calls[0]?.arguments ?? [];
    assert.deepEqual(request?.options.btrfs, { ...defaultMkfsOptions.btrfs, nodeSize: 65_536 });
  });

  it("refuses a volume context that was forged, before it makes anything", async (t) => {
    const make = t.mock.method(MemoryDevice.prototype, "make");
    const stage = await staging(t);
    for (const forged of [{ "btrfs.checksum": "crc32c -f" }, { "btrfs.force": "true" }, { schema: "9" }]) {
      await assert.rejects(stage(forged), {
        kind: "invalid_argument",
        message: /^cannot serve NodeStageVolume: volume_context\./,
      });
    }
    assert.equal(make.mock.callCount(), 0);
  });
});
