import assert from "node:assert/strict";
import fsp, { mkdtempDisposable } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { noChildren } from "../../../test/support/children.ts";
import { snapshotIdOf, volumeIdOf, type ClusterId } from "../../domain/identity.ts";
import { exec } from "../../host/exec.ts";
import { FileLayer } from "./file-layer.ts";
import type { Kept, ObjectId } from "./layer.ts";

const cluster = "test-cluster" as ClusterId;
const MiB = 1024n * 1024n;
const blockSize = 4096n;
/** What the file system keeps for itself. */
const reserved = (free: bigint) => free / 64n;

interface PoolState {
  readonly free: bigint;
  /** Sizes, and how much of each is allocated. */
  readonly volumes?: readonly (readonly [bigint, bigint])[];
  readonly snapshots?: readonly (readonly [bigint, bigint])[];
  /** Whether all of them may share blocks. */
  readonly isOneFamily?: boolean;
}

/** A layer on a file system of that state; `looks` has what was looked at. */
function layerOf(t: TestContext, { free, volumes = [], snapshots = [], isOneFamily = false }: PoolState) {
  const allocations = new Map<ObjectId, bigint>();
  const keep = (ids: (name: string) => ObjectId, objects: readonly (readonly [bigint, bigint])[]) =>
    objects.map(([size, allocated], index) => {
      const id = ids(String(index));
      allocations.set(id, allocated);
      return { id, size, family: isOneFamily ? "f" : id };
    });
  const kept: Kept = {
    volumes: keep((name) => volumeIdOf(cluster, name), volumes),
    snapshots: keep((name) => snapshotIdOf(cluster, name), snapshots),
  };
  const space = { bsize: blockSize, bavail: free / blockSize };
  t.mock.method(fsp, "statfs", async () => Promise.resolve(space));
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
  const looks: ObjectId[] = [];
  const exec = async () => Promise.reject(new Error("no program is run"));
  const layer = new FileLayer({ directory: "/pool", exec, children: noChildren });
  t.mock.method(layer, "allocated", async (id: ObjectId) => {
    looks.push(id);
    return Promise.resolve(allocations.get(id) ?? 0n);
  });
  return { layer, kept, looks };
}

describe("the room of a pool of files", () => {
  it("is what is free, less what volumes may still take, less a share for the file system", async (t) => {
    const free = 1000n * MiB;
    const volumes = [
      [400n * MiB, 100n * MiB],
      [64n * MiB, 70n * MiB],
    ] as const;
    const { layer, kept } = layerOf(t, { free, volumes });
    assert.equal(await layer.available(kept), 700n * MiB - reserved(free));
  });

  it("is less by what relatives that share blocks may still write anew", async (t) => {
    const free = 1000n * MiB;
    const volumes = [[400n * MiB, 400n * MiB]] as const;
    const snapshots = [
      [400n * MiB, 300n * MiB],
      [400n * MiB, 400n * MiB],
    ] as const;
    const { layer, kept } = layerOf(t, { free, volumes, snapshots, isOneFamily: true });
    // They take at least 400 MiB together, and may come to take 1100.
    assert.equal(await layer.available(kept), 300n * MiB - reserved(free));
  });

  it("counts what is taken already for those that share nothing", async (t) => {
    const free = 1000n * MiB;
    const volumes = [[400n * MiB, 400n * MiB]] as const;
    const { layer, kept } = layerOf(t, { free, volumes, snapshots: [[400n * MiB, 300n * MiB]] });
    assert.equal(await layer.available(kept), 1000n * MiB - reserved(free));
  });

  it("is less by what a snapshot that is being taken will hold", async (t) => {
    const free = 1000n * MiB;
    const { layer, kept } = layerOf(t, { free, snapshots: [[400n * MiB, 0n]] });
    const [taken] = kept.snapshots;
    assert.ok(taken);
    const promised = { ...kept, snapshots: [{ ...taken, reserved: 300n * MiB }] };
    assert.equal(await layer.available(promised), 700n * MiB - reserved(free));
  });

  it("is never less than nothing", async (t) => {
    const { layer, kept } = layerOf(t, { free: 100n * MiB, volumes: [[400n * MiB, 0n]] });
    assert.equal(await layer.available(kept), 0n);
  });

  it("is sure without a look at any file while the sizes alone leave enough", async (t) => {
    const volumes = Array.from({ length: 1000 }, () => [MiB, 0n] as const);
    const { layer, kept, looks } = layerOf(t, { free: 3000n * MiB, volumes });
    assert.ok((await layer.available(kept, 100n * MiB)) >= 100n * MiB);
    assert.deepEqual(looks, []);
  });

  it("is looked for in the largest files first, and in no more than are needed", async (t) => {
    const volumes = [
      [10n * MiB, 10n * MiB],
      [500n * MiB, 500n * MiB],
      [300n * MiB, 300n * MiB],
    ] as const;
    const { layer, kept, looks } = layerOf(t, { free: 640n * MiB, volumes });
    const found = await layer.available(kept, 300n * MiB);
    assert.ok(found >= 300n * MiB && found <= (await layer.available(kept)));
    assert.equal(looks[0], kept.volumes[1]?.id);
    assert.equal(looks.length - 3, 1, "one look, and three for all there is");
  });

  it("is never said to be enough where it is not, whatever was allocated", async (t) => {
    const shares = [0n, 1n, 2n, 4n];
    for (const share of shares) {
      const sizes = [320n * MiB, 64n * MiB, 800n * MiB];
      const objects = sizes.map((size) => [size, (size * share) / 4n] as const);
      for (const free of [100n, 700n, 1300n, 2000n]) {
        const state = { free: free * MiB, volumes: objects, snapshots: objects };
        const { layer, kept } = layerOf(t, state);
        const all = await layer.available(kept);
        for (const enough of [0n, all, all + 1n, 2000n * MiB]) {
          const found = await layer.available(kept, enough);
          assert.equal(found >= enough, all >= enough);
          assert.ok(found <= all);
        }
      }
    }
  });
});

describe("a wait for the writes of a volume", () => {
  it("leaves its file as it is, whatever its size, and makes none", async () => {
    await using directory = await mkdtempDisposable(path.join(tmpdir(), "nvmetcp-csi-layer-"));
    await fsp.mkdir(path.join(directory.path, "volumes"));
    const [id, absent] = [volumeIdOf(cluster, "a"), volumeIdOf(cluster, "b")];
    const file = path.join(directory.path, "volumes", `${id}.img`);
    const layer = new FileLayer({ directory: directory.path, exec, children: noChildren });
    for (const text of ["kept", "kept, and longer"]) {
      await fsp.writeFile(file, text);
      await layer.drain(id, AbortSignal.timeout(10_000));
      assert.equal(await fsp.readFile(file, "utf8"), text);
    }
    await layer.drain(absent, AbortSignal.timeout(10_000));
    assert.deepEqual(await fsp.readdir(path.dirname(file)), [path.basename(file)]);
  });
});
