/** What can be asked: list, get, capacity, capabilities. */
import assert from "node:assert/strict";
import { it } from "node:test";
import type { VolumeCapability } from "../../../src/gen/csi/v1/VolumeCapability.ts";
import { nodeIdOf } from "../../support/node-ids.ts";
import { mountCapability, poolNoise, refused, smallest, type Bench } from "./bench.ts";

interface Listed {
  readonly id: string;
  readonly nodes: readonly string[];
}

/** All volumes, page by page. */
async function listAll(bench: Bench, max_entries: number): Promise<readonly Listed[]> {
  const listed: Listed[] = [];
  let starting_token = "";
  do {
    const page = await bench.controller.ListVolumes({ max_entries, starting_token });
    assert.ok(page.entries.length <= max_entries, "a page has at most max_entries entries");
    for (const { volume, status } of page.entries) {
      listed.push({ id: volume?.volume_id ?? "", nodes: status?.published_node_ids ?? [] });
    }
    assert.ok(page.next_token === "" || page.next_token !== starting_token, "a token makes progress");
    starting_token = page.next_token;
  } while (starting_token !== "");
  return listed;
}

export function lookupTests(bench: Bench): void {
  it("lists each volume once over several pages, with the nodes it is published to", async () => {
    await using stack = new AsyncDisposableStack();
    const ids: string[] = [];
    for (let count = 0; count < 5; count += 1) ids.push(stack.use(await bench.volume()).id);
    const node = nodeIdOf("node-a");
    await bench.publish(ids[2] ?? "", node);
    const listed = (await listAll(bench, 2)).filter(({ id }) => ids.includes(id));
    assert.deepEqual(listed.map(({ id }) => id).toSorted(), ids.toSorted());
    const published = listed.filter(({ nodes }) => nodes.length > 0);
    assert.deepEqual(published, [{ id: ids[2], nodes: [node] }]);
  });

  it("lists everything without max_entries, and aborts on a token that it did not give out", async () => {
    await using volume = await bench.volume();
    const { entries, next_token } = await bench.controller.ListVolumes({});
    assert.ok(entries.some((entry) => entry.volume?.volume_id === volume.id));
    assert.equal(next_token, "");
    await refused(bench.controller.ListVolumes({ starting_token: "invalid-token" }), "ABORTED");
    await refused(bench.controller.ListVolumes({ max_entries: -1 }), "INVALID_ARGUMENT", /max_entries/);
  });

  it("shows a volume as it was made, takes its size from the capacity, and gives it back", async () => {
    const before = await bench.free();
    const made = await bench.create({ name: bench.newName(), capacity_range: { required_bytes: String(smallest) } });
    try {
      const shown = await bench.controller.ControllerGetVolume({ volume_id: made.volume_id });
      assert.deepEqual(shown.volume, made);
      assert.deepEqual(shown.status?.published_node_ids, []);
      assert.equal(shown.status.volume_condition?.abnormal, false);
      const taken = before - (await bench.free());
      assert.ok(taken >= smallest - poolNoise && taken <= smallest + poolNoise, `${taken} bytes were taken`);
    } finally {
      await bench.discard(made.volume_id);
    }
    const after = await bench.free();
    assert.ok(after >= before - poolNoise, `${before} bytes before, ${after} after`);
    await refused(bench.controller.ControllerGetVolume({ volume_id: made.volume_id }), "NOT_FOUND");
  });

  it("confirms exactly the capabilities that it can serve, and says why not for others", async () => {
    await using volume = await bench.volume();
    const ask = async (...volume_capabilities: readonly VolumeCapability[]) =>
      bench.controller.ValidateVolumeCapabilities({
        volume_id: volume.id,
        volume_capabilities: [...volume_capabilities],
      });
    const block = { block: {}, access_mode: { mode: "SINGLE_NODE_WRITER" } } as const;
    const { confirmed } = await ask(mountCapability, block);
    assert.deepEqual(
      confirmed?.volume_capabilities.map(({ access_type }) => access_type),
      ["mount", "block"],
    );
    const shared = { ...block, access_mode: { mode: "MULTI_NODE_MULTI_WRITER" } } as const;
    const refusal = await ask(mountCapability, shared);
    assert.equal(refusal.confirmed, null);
    assert.match(refusal.message, /multiWriter must be block/);
    const unknown = { volume_id: "fake-vol-id", volume_capabilities: [mountCapability] };
    await refused(bench.controller.ValidateVolumeCapabilities(unknown), "NOT_FOUND");
    await refused(
      bench.controller.ValidateVolumeCapabilities({ volume_id: volume.id }),
      "INVALID_ARGUMENT",
      /volume_capabilities/,
    );
  });

  it("confirms no parameters that it would refuse for a new volume", async () => {
    await using volume = await bench.volume();
    const asked = { volume_id: volume.id, volume_capabilities: [mountCapability] };
    const others = [
      [{ parameters: { backend: "other" } }, /parameters\.backend must be .*; got "other"$/],
      [{ parameters: { multiWriter: "block" } }, /parameters\.multiWriter must be block, .*; got "nothing"$/],
      [{ mutable_parameters: { iops: "1" } }, /mutable_parameters must be empty: .*; got \{"iops":"1"\}$/],
    ] as const;
    for (const [other, reason] of others) {
      const { confirmed, message } = await bench.controller.ValidateVolumeCapabilities({ ...asked, ...other });
      assert.equal(confirmed, null);
      assert.match(message, reason);
    }
  });

  it("offers exactly what it implements", async () => {
    const { capabilities } = await bench.controller.ControllerGetCapabilities({});
    const offered = capabilities.map(({ rpc }) => rpc?.type).toSorted();
    const expected = [
      "CLONE_VOLUME",
      "CREATE_DELETE_SNAPSHOT",
      "CREATE_DELETE_VOLUME",
      "EXPAND_VOLUME",
      "GET_CAPACITY",
      "GET_SNAPSHOT",
      "GET_VOLUME",
      "LIST_SNAPSHOTS",
      "LIST_VOLUMES",
      "LIST_VOLUMES_PUBLISHED_NODES",
      "PUBLISH_READONLY",
      "PUBLISH_UNPUBLISH_VOLUME",
      "SINGLE_NODE_MULTI_WRITER",
      "VOLUME_CONDITION",
    ];
    assert.deepEqual(offered, expected);
    await refused(bench.controller.ControllerModifyVolume({ volume_id: "v" }), "UNIMPLEMENTED");
  });
}
