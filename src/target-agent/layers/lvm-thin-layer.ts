/**
 * The layer `lvm-thin`: one thin logical volume for each volume and snapshot, in a thin pool of a volume group.
 *
 * Z1  A volume's identity is what device-mapper calls it: the UUIDs of its group and itself; its size must be that of the
 *     record.
 * Z2  A copy is one thin snapshot: device-mapper lets no write into the source meanwhile, so it is of one instant.
 * Z3  Blank is a volume with nothing mapped, as the kernel counts it. That holds only in a pool that fills new blocks with
 *     zeros, so another one is not opened; in it nobody reads what a removed volume held either (F68).
 * Z4  The block layer caches what blkid reads, and nvmet writes past that cache (V40): it is emptied before each look.
 * Z5  A command that a crash has cut short may have left volumes suspended: the start lets them go on.
 * Z6  device-mapper suspends a volume only when every write to it has ended; whoever waits for that goes away, never the
 *     order to resume it.
 */
import { failure } from "../../domain/errors.ts";
import type { Bytes } from "../../domain/capacity.ts";
import type { Content } from "../../domain/model.ts";
import { probeSignature } from "../../host/blkid.ts";
import type { Children } from "../../host/child-pool.ts";
import { readRegions } from "../../host/direct-io.ts";
import { execOk, type Exec } from "../../host/exec.ts";
import { untilAborted } from "../../lib/abort.ts";
import type { BackingIdentity } from "../volume-record.ts";
import type { Kept, KeptObject, ObjectId, ObjectToMake, StoredObject, VolumeLayer } from "./layer.ts";
import { Room } from "./room.ts";
import { parseThinStatus, type ThinPoolStatus, type ThinStatus } from "./thin-status.ts";
import { lvmBytes, type MappedDevice, type VolumeGroup } from "./volume-group.ts";

export interface LvmThinLayerDeps {
  readonly group: VolumeGroup;
  /** Name of the thin pool in the group. */
  readonly thinPool: string;
  readonly exec: Exec;
  readonly children: Children;
  /** What may be promised, of what the thin pool can hold. */
  readonly overcommitPercent?: bigint;
}

const lookMs = 60_000;
const pauseMs = 10 * 60 * 1000;

const isPool = (line: string) => / thin-pool /.test(line);

export class LvmThinLayer implements VolumeLayer {
  readonly kind = "lvm-thin";
  readonly #group: VolumeGroup;
  readonly #thinPool: string;
  readonly #exec: Exec;
  readonly #children: Children;
  readonly #overcommitPercent: bigint;
  readonly #chunkSize: Bytes;

  private constructor(deps: LvmThinLayerDeps, chunkSize: Bytes) {
    this.#group = deps.group;
    this.#thinPool = deps.thinPool;
    this.#exec = deps.exec;
    this.#children = deps.children;
    this.#overcommitPercent = deps.overcommitPercent ?? 100n;
    this.#chunkSize = chunkSize;
  }

  /** Z3, Z5. `ids` are those of all that the pool keeps. Errors: unavailable, precondition. */
  static async open(deps: LvmThinLayerDeps, ids: readonly ObjectId[], signal: AbortSignal): Promise<LvmThinLayer> {
    const { group, thinPool, exec } = deps;
    const cannot = `use the thin pool ${group.name}/${thinPool}`;
    const all = await group.list(signal);
    const found = all.find(({ name }) => name === thinPool);
    if (found === undefined) throw failure("unavailable", { cannot, rule: "the volume group must have it" });
    if (found.chunkSize === 0n) throw failure("precondition", { cannot, rule: "it must be a thin pool" });
    const known = new Set(all.map(({ name }) => name));
    await group.activate([thinPool, ...ids.filter((id) => known.has(id))]);
    const layer = new LvmThinLayer(deps, found.chunkSize);
    const { stdout } = await execOk(exec, "dmsetup", ["table"], { signal });
    const table = stdout
      .split("\n")
      .find((line) => layer.#poolNames.includes(line.split(":")[0] ?? "") && isPool(line));
    if (table === undefined) throw failure("unavailable", { cannot, rule: "the kernel must have it", got: stdout });
    if (table.includes("skip_block_zeroing")) {
      const rule = `it must fill new blocks with zeros (lvchange --zero y ${group.name}/${thinPool})`;
      throw failure("precondition", { cannot, rule });
    }
    for (const id of ids) await layer.#resume(id);
    return layer;
  }

  /** LVM puts a layer on top of the pool as soon as there are volumes in it. */
  get #poolNames(): readonly string[] {
    const name = this.#group.mappedName(this.#thinPool);
    return [`${name}-tpool`, name];
  }

  async #resume(id: ObjectId): Promise<void> {
    if ((await this.#group.device(id))?.isSuspended !== true) return;
    await this.#group.change("lvchange", ["--refresh", this.#name(id)]);
  }

  #name(id: ObjectId): string {
    return `${this.#group.name}/${id}`;
  }

  async assertVacant(id: ObjectId): Promise<void> {
    if ((await this.#group.find(id)) === undefined) return;
    const rule = "it exists without a record; rename it";
    throw failure("precondition", { cannot: `create the logical volume ${this.#name(id)}`, rule });
  }

  async create({ id, size }: ObjectToMake): Promise<BackingIdentity> {
    const pool = `${this.#group.name}/${this.#thinPool}`;
    await this.#group.change("lvcreate", ["--thin", pool, "--virtualsize", lvmBytes(size), "--name", id]);
    return await this.#made(id, async () => Promise.resolve());
  }

  /** Z2. */
  async copy(source: StoredObject, { id, size }: ObjectToMake): Promise<BackingIdentity> {
    // The copy is looked at next (intent-checks.ts).
    this.#children.prepare();
    await this.verified(source);
    await this.#snap(source.id, id);
    return await this.#made(id, async () => {
      if (size > source.size) await this.#extend(id, size);
    });
  }

  async measure(original: string): Promise<{ readonly size: Bytes }> {
    const found = await this.#group.find(original);
    const cannot = `import ${original}`;
    if (found?.pool === this.#thinPool) return { size: found.size };
    const rule = `it must be a volume in the thin pool ${this.#group.name}/${this.#thinPool}, by its name alone`;
    throw failure("precondition", { cannot, rule, got: found === undefined ? "no such volume" : found.pool });
  }

  async copyForeign(original: string, { id, size }: ObjectToMake): Promise<BackingIdentity> {
    const { size: found } = await this.measure(original);
    await this.#snap(original, id);
    return await this.#made(id, async () => {
      if (size > found) await this.#extend(id, size);
    });
  }

  async sectorBytes({ id }: StoredObject): Promise<number> {
    return (await this.#device(id)).sectorBytes;
  }

  async #snap(source: string, id: ObjectId): Promise<void> {
    const shape = ["--snapshot", "--setactivationskip", "n", "--name", id];
    await this.#group.change("lvcreate", [...shape, `${this.#group.name}/${source}`]);
  }

  /** L4: what this call has made gets its size, or goes again. */
  async #made(id: ObjectId, finish: () => Promise<void>): Promise<BackingIdentity> {
    try {
      await finish();
      const { uuid } = await this.#device(id);
      return { dmUuid: uuid };
    } catch (error) {
      await this.remove(id);
      throw error;
    }
  }

  async remove(id: ObjectId): Promise<void> {
    try {
      await this.#group.change("lvremove", [this.#name(id)]);
    } catch (error) {
      if ((await this.#group.find(id)) !== undefined) throw error;
    }
  }

  /** The active volume, whichever it is. */
  async #device(id: ObjectId): Promise<MappedDevice> {
    const active = await this.#group.device(id);
    if (active !== undefined) return active;
    const cannot = `use the logical volume ${this.#name(id)}`;
    if ((await this.#group.find(id)) === undefined) throw failure("precondition", { cannot, rule: "it must exist" });
    await this.#group.activate([id]);
    const found = await this.#group.device(id);
    if (found !== undefined) return found;
    throw failure("unavailable", { cannot, rule: `the kernel must have it as ${this.#group.path(id)}` });
  }

  async #verified({ id, size, backing }: StoredObject): Promise<MappedDevice> {
    const device = await this.#device(id);
    const cannot = `use the logical volume ${this.#name(id)}`;
    if (backing === undefined || !("dmUuid" in backing) || device.uuid !== backing.dmUuid) {
      throw failure("precondition", { cannot, rule: `it must be the one made for ${id}`, got: device.uuid });
    }
    if (device.size === size) return device;
    throw failure("precondition", { cannot, rule: `it must have ${size} bytes`, got: device.size });
  }

  /** Z1. */
  async verified(object: StoredObject): Promise<string> {
    return (await this.#verified(object)).path;
  }

  async sizeOf(id: ObjectId): Promise<Bytes | undefined> {
    const found = await this.#group.find(id);
    if (found === undefined) return undefined;
    // A growth that was cut short may be in the metadata alone.
    const device = await this.#device(id);
    if (device.size !== found.size) await this.#group.change("lvchange", ["--refresh", this.#name(id)]);
    return found.size;
  }

  async grow(object: StoredObject, size: Bytes): Promise<void> {
    await this.verified(object);
    await this.#extend(object.id, size);
  }

  async #extend(id: ObjectId, size: Bytes): Promise<void> {
    await this.#group.change("lvextend", ["--size", lvmBytes(size), this.#name(id)]);
  }

  /** Z6. */
  async drain(id: ObjectId, signal: AbortSignal): Promise<void> {
    if ((await this.#group.device(id)) !== undefined) await untilAborted(this.#pause(id), signal);
  }

  async #pause(id: ObjectId): Promise<void> {
    const name = this.#group.mappedName(id);
    const limit = { signal: AbortSignal.timeout(pauseMs) };
    try {
      await execOk(this.#exec, "dmsetup", ["suspend", "--nolockfs", name], limit);
    } finally {
      await execOk(this.#exec, "dmsetup", ["resume", name], { signal: AbortSignal.timeout(pauseMs) });
    }
  }

  async content(object: StoredObject, signal: AbortSignal): Promise<Content> {
    const { path } = await this.#verified(object);
    if ((await this.#mapped(object.id)) === 0n) return { state: "blank" };
    // Z4.
    await execOk(this.#exec, "blockdev", ["--flushbufs", path], { signal });
    const signature = await probeSignature(this.#exec, path, { signal });
    if (signature === undefined) return { state: "present", type: "unknown" };
    const { type, uuid } = signature;
    return uuid === undefined ? { state: "present", type } : { state: "present", type, uuid };
  }

  async blocks(object: StoredObject, offsets: readonly Bytes[], signal: AbortSignal): Promise<readonly Buffer[]> {
    const { path, number } = await this.#verified(object);
    const expect = { kind: "block", ...number } as const;
    const request = { path, expect, exclusive: false, regions: [], blocks: offsets } as const;
    const reading = await readRegions(this.#children.ask, request, { signal });
    if (reading.kind === "read") return reading.blocks;
    throw failure("unavailable", { cannot: `read ${path}`, rule: reading.reason, got: reading.code });
  }

  async #status(): Promise<ThinStatus> {
    const { stdout } = await execOk(this.#exec, "dmsetup", ["status"], { signal: AbortSignal.timeout(lookMs) });
    return parseThinStatus(stdout);
  }

  async allocated(id: ObjectId): Promise<Bytes> {
    const isThere = (await this.#group.device(id)) ?? (await this.#group.find(id));
    return isThere === undefined ? 0n : await this.#mapped(id);
  }

  async #mapped(id: ObjectId): Promise<Bytes> {
    await this.#device(id);
    const name = this.#group.mappedName(id);
    const { stdout } = await execOk(this.#exec, "dmsetup", ["status", name], { signal: AbortSignal.timeout(lookMs) });
    const mapped = parseThinStatus(`${name}: ${stdout}`).volumes.get(name);
    if (mapped !== undefined) return mapped;
    const cannot = `measure the logical volume ${this.#name(id)}`;
    throw failure("unavailable", { cannot, rule: "device-mapper must say how much of it is mapped", got: stdout });
  }

  #poolOf({ pools }: ThinStatus): ThinPoolStatus {
    const [found] = this.#poolNames.flatMap((name) => pools.get(name) ?? []);
    if (found !== undefined && ["rw", "out_of_data_space"].includes(found.mode)) return found;
    const cannot = `use the thin pool ${this.#group.name}/${this.#thinPool}`;
    throw failure("unavailable", { cannot, rule: "it must take writes", got: found?.mode ?? "not active" });
  }

  /** Data or metadata, whichever is nearer to its end. */
  async usedPercent(): Promise<number> {
    const { usedBlocks, blocks, usedMetadata, metadata } = this.#poolOf(await this.#status());
    const shares = [
      [usedBlocks, blocks],
      [usedMetadata, metadata],
    ] as const;
    return Math.max(...shares.map(([used, all]) => (all === 0n ? 100 : Number((used * 100n) / all))));
  }

  async available(kept: Kept): Promise<Bytes> {
    const status = await this.#status();
    const { blocks, usedBlocks } = this.#poolOf(status);
    const whole = (objects: readonly KeptObject[]) =>
      objects.map((object) => ({ ...object, size: this.#wholeChunks(object.size) }));
    const room = new Room(
      { volumes: whole(kept.volumes), snapshots: whole(kept.snapshots) },
      {
        free: (blocks - usedBlocks) * this.#chunkSize,
        mostOf: ({ size }) => size,
        overcommitPercent: this.#overcommitPercent,
      },
    );
    for (const object of room.largestFirst()) {
      const mapped = status.volumes.get(this.#group.mappedName(object.id));
      if (mapped !== undefined) room.look(object, mapped);
    }
    return room.left;
  }

  #wholeChunks(size: Bytes): Bytes {
    const chunk = this.#chunkSize;
    return ((size + chunk - 1n) / chunk) * chunk;
  }
}
