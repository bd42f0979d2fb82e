/**
 * The layer `lvm-thin`: one thin logical volume for each volume and snapshot, in a thin pool of a volume group.
 *
 * Z1  A volume's identity is what device-mapper calls it: the UUIDs of its group and itself; its size must be that of the
 *     record.
 * Z2  A copy is one thin snapshot: device-mapper lets no write into the source meanwhile, so it is of one instant.
 * Z3  Blank is a volume with nothing mapped, as the kernel counts it (thin-pool.ts N1).
 * Z4  The block layer caches what blkid reads, and nvmet writes past that cache (V40): it is emptied before each look.
 * Z5  A command that a crash has cut short may have left volumes suspended: the start lets them go on.
 * Z6  device-mapper suspends a volume only when every write to it has ended; whoever waits for that goes away, never the
 *     order to resume it.
 * Z7  A thin pool takes the chunks of a removed volume back without a word to the disks below; those of a discarded one it
 *     passes on, but for what others share. blkdiscard opens the volume exclusively, and gives way in pieces.
 */
import { failure } from "../../domain/errors.ts";
import { GiB, type Bytes } from "../../domain/capacity.ts";
import type { Content } from "../../domain/model.ts";
import type { Children } from "../../host/child-pool.ts";
import { execOk, type Exec } from "../../host/exec.ts";
import { untilAborted } from "../../lib/abort.ts";
import type { BackingIdentity } from "../volume-record.ts";
import type { CopyPair, Kept, ObjectId, ObjectToMake, StoredObject, VolumeLayer } from "./layer.ts";
import { blocksAt, contentAt } from "./read-object.ts";
import { snapTogether } from "./snap-together.ts";
import { ThinPool } from "./thin-pool.ts";
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

const pauseMs = 10 * 60 * 1000;
/** Less than a step of the upkeep. */
const discardMs = 5000;
const discardStep = 1n * GiB;

export class LvmThinLayer implements VolumeLayer {
  readonly kind = "lvm-thin";
  readonly #group: VolumeGroup;
  readonly #pool: ThinPool;
  readonly #exec: Exec;
  readonly #children: Children;
  readonly #overcommitPercent: bigint;

  private constructor({ group, exec, children, overcommitPercent = 100n }: LvmThinLayerDeps, pool: ThinPool) {
    this.#group = group;
    this.#pool = pool;
    this.#exec = exec;
    this.#children = children;
    this.#overcommitPercent = overcommitPercent;
  }

  /** Z5. `ids` are those of all that the pool has made. Errors: unavailable, precondition. */
  static async open(deps: LvmThinLayerDeps, ids: readonly ObjectId[], signal: AbortSignal): Promise<LvmThinLayer> {
    const { group, thinPool: name, exec } = deps;
    const layer = new LvmThinLayer(deps, await ThinPool.open({ group, name, exec }, ids, signal));
    for (const id of ids) await layer.#resume(id);
    return layer;
  }

  async #resume(id: ObjectId): Promise<void> {
    if ((await this.#group.device(id))?.isSuspended !== true) return;
    await this.#group.change("lvchange", ["--refresh", this.#name(id)]);
  }

  #name(id: string): string {
    return `${this.#group.name}/${id}`;
  }

  async assertVacant(id: ObjectId): Promise<void> {
    if ((await this.#group.find(id)) === undefined) return;
    const rule = "it exists without a record; rename it";
    throw failure("precondition", { cannot: `create the logical volume ${this.#name(id)}`, rule });
  }

  async create({ id, size }: ObjectToMake): Promise<BackingIdentity> {
    const pool = `${this.#group.name}/${this.#pool.name}`;
    await this.#group.change("lvcreate", ["--thin", pool, "--virtualsize", lvmBytes(size), "--name", id]);
    return await this.#made(id);
  }

  async copy(source: StoredObject, copy: ObjectToMake): Promise<BackingIdentity> {
    await this.verified(source);
    return await this.#snap(source, copy);
  }

  /** L4: what of it was made goes again. */
  async copyTogether(pairs: readonly CopyPair[]): Promise<readonly BackingIdentity[]> {
    for (const { source } of pairs) await this.verified(source);
    this.#children.prepare();
    const copies = pairs.map(({ copy }) => copy.id);
    const deps = { group: this.#group, pool: this.#pool, exec: this.#exec };
    try {
      await snapTogether(
        deps,
        pairs.map(({ source, copy }) => ({ source: source.id, copy })),
      );
      await this.#group.activate(copies);
      return await Promise.all(copies.map(async (id) => ({ dmUuid: (await this.#device(id)).uuid })));
    } catch (error) {
      for (const id of copies) await this.remove(id);
      throw error;
    }
  }

  async measure(original: string): Promise<Bytes> {
    const found = await this.#group.find(original);
    const cannot = `import ${original}`;
    if (found?.pool === this.#pool.name) return found.size;
    const rule = `it must be a volume in the thin pool ${this.#group.name}/${this.#pool.name}, by its name alone`;
    throw failure("precondition", { cannot, rule, got: found === undefined ? "no such volume" : found.pool });
  }

  async copyForeign(original: string, copy: ObjectToMake): Promise<BackingIdentity> {
    return await this.#snap({ id: original, size: await this.measure(original) }, copy);
  }

  async sectorBytes({ id }: StoredObject): Promise<number> {
    return (await this.#device(id)).sectorBytes;
  }

  /** Z2. */
  async #snap(source: { readonly id: string; readonly size: Bytes }, copy: ObjectToMake): Promise<BackingIdentity> {
    // The copy is looked at next (intent-checks.ts, import-volume.ts).
    this.#children.prepare();
    const shape = ["--snapshot", "--setactivationskip", "n", "--name", copy.id];
    await this.#group.change("lvcreate", [...shape, this.#name(source.id)]);
    return await this.#made(copy.id, copy.size > source.size ? copy.size : undefined);
  }

  /** L4: what this call has made gets its size, or goes again. */
  async #made(id: ObjectId, size?: Bytes): Promise<BackingIdentity> {
    try {
      if (size !== undefined) await this.#extend(id, size);
      const { uuid } = await this.#device(id);
      return { dmUuid: uuid };
    } catch (error) {
      await this.remove(id);
      throw error;
    }
  }

  /** Z7. */
  async discard(object: StoredObject): Promise<void> {
    const limit = AbortSignal.timeout(discardMs);
    await untilAborted(this.#discard(object, limit), limit).catch(() => undefined);
  }

  async #discard(object: StoredObject, signal: AbortSignal): Promise<void> {
    const { path } = await this.#verified(object);
    if ((await this.#pool.mapped(object.id)) === 0n || !(await this.#pool.passesDiscards())) return;
    await execOk(this.#exec, "blkdiscard", ["--step", String(discardStep), path], { signal });
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
    if ((await this.#pool.mapped(object.id)) === 0n) return { state: "blank" };
    // Z4.
    await execOk(this.#exec, "blockdev", ["--flushbufs", path], { signal });
    return await contentAt(this.#exec, path, signal);
  }

  async blocks(object: StoredObject, offsets: readonly Bytes[], signal: AbortSignal): Promise<readonly Buffer[]> {
    const { path, number } = await this.#verified(object);
    return await blocksAt(this.#children.ask, { path, expect: { kind: "block", ...number } }, offsets, signal);
  }

  async allocated(id: ObjectId): Promise<Bytes> {
    const isThere = (await this.#group.device(id)) ?? (await this.#group.find(id));
    if (isThere === undefined) return 0n;
    await this.#device(id);
    return await this.#pool.mapped(id);
  }

  async usedPercent(): Promise<number> {
    return await this.#pool.usedPercent();
  }

  async available(kept: Kept): Promise<Bytes> {
    return await this.#pool.available(kept, this.#overcommitPercent);
  }
}
