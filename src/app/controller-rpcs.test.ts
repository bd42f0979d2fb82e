/** Class parameters on their way through the controller; the rest of it is the contract's (test/contract). */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MemoryBackend } from "../backends/memory/memory-backend.ts";
import type { Call } from "../csi/call.ts";
import type { ClusterId } from "../domain/identity.ts";
import { controllerServices } from "./controller-rpcs.ts";
import type { Settings } from "./settings.ts";

const clusterId = "test-cluster" as ClusterId;
const mount = { fs_type: "ext4", mount_flags: [], volume_mount_group: "" };
const capability = { access_type: "mount", mount, access_mode: { mode: "SINGLE_NODE_WRITER" } };
type Answer = Readonly<Record<string, unknown>>;

function controller() {
  const backend = new MemoryBackend({ total: 1n << 40n, cluster: clusterId });
  const rpcs = controllerServices({ clusterId } as Settings, backend)["csi.v1.Controller"] ?? {};
  return async (method: string, request: object): Promise<Answer> => {
    const rpc = Reflect.get(rpcs, method) as (request: object, call: Partial<Call>) => Promise<Answer>;
    return rpc(request, { method, signal: AbortSignal.timeout(10_000) });
  };
}

const create = (parameters: Readonly<Record<string, string>>) => ({
  name: "pvc-1",
  capacity_range: null,
  volume_capabilities: [capability],
  parameters,
  volume_content_source: null,
  mutable_parameters: {},
});
const contextOf = ({ volume }: Answer) => (volume as { readonly volume_context: unknown }).volume_context;
const idOf = ({ volume }: Answer) => (volume as { readonly volume_id: string }).volume_id;

describe("CreateVolume", () => {
  it("gives the parameters for mkfs on to the node, whatever file system they are for", async () => {
    const call = controller();
    const parameters = { backend: "memory", "csi.storage.k8s.io/pv/name": "pv", "btrfs.checksum": "sha256" };
    assert.deepEqual(contextOf(await call("CreateVolume", create(parameters))), {
      schema: "1",
      "btrfs.checksum": "sha256",
    });
  });

  it("refuses a wrong one before it makes anything", async () => {
    const call = controller();
    const message = /^cannot serve CreateVolume: parameters\.btrfs\.nodeSize must be .*; got "4096"$/;
    const request = create({ "btrfs.nodeSize": "4096" });
    await assert.rejects(call("CreateVolume", request), { kind: "invalid_argument", message });
    const { entries } = await call("ListVolumes", { max_entries: 0, starting_token: "" });
    assert.deepEqual(entries, []);
  });

  it("finds the same volume with other parameters, and answers with those", async () => {
    const call = controller();
    const first = await call("CreateVolume", create({ "ext4.reservedPercent": "5" }));
    const second = await call("CreateVolume", create({}));
    assert.equal(idOf(second), idOf(first));
    assert.deepEqual(contextOf(second), {});
  });
});

describe("ValidateVolumeCapabilities", () => {
  it("confirms parameters and a volume context that it would take, and says why not for others", async () => {
    const call = controller();
    const volume_id = idOf(await call("CreateVolume", create({})));
    const ask = async (more: object) => {
      const none = { volume_context: {}, parameters: {}, mutable_parameters: {} };
      const request = { volume_id, volume_capabilities: [capability], ...none, ...more };
      return await call("ValidateVolumeCapabilities", request);
    };
    const good = { parameters: { backend: "memory", "xfs.maxInodePercent": "5" }, volume_context: { schema: "1" } };
    assert.deepEqual(await ask(good), { confirmed: { volume_capabilities: [capability], ...good } });
    const bad = [
      [{ parameters: { "xfs.maxInodePercent": "0" } }, /parameters\.xfs\.maxInodePercent must be/],
      [{ parameters: { backend: "nvmet" } }, /parameters\.backend must be memory/],
      [{ volume_context: { "xfs.maxInodePercent": "0" } }, /volume_context\.xfs\.maxInodePercent must be/],
      [{ volume_context: { schema: "2" } }, /volume_context\.schema must be 1/],
    ] as const;
    for (const [more, message] of bad) {
      const answer = await ask(more);
      assert.equal(answer["confirmed"], undefined);
      assert.match(String(answer["message"]), message);
    }
  });
});
