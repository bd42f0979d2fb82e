/**
 * A thin pool of a volume group, as the kernel has it: how full it is, and what of each volume is mapped in it.
 *
 * N1  Only a pool that fills new blocks with zeros is used: what nobody wrote reads as zeros, and nobody reads what a removed
 *     volume held (F68).
 */
import type { Bytes } from "../../domain/capacity.ts";
import { failure } from "../../domain/errors.ts";
import { execOk, type Exec } from "../../host/exec.ts";
import type { Kept, KeptObject } from "./layer.ts";
import { Room } from "./room.ts";
import { parseThinStatus, type ThinPoolStatus, type ThinStatus } from "./thin-status.ts";
import type { VolumeGroup } from "./volume-group.ts";

const lookMs = 60_000;

export interface ThinPoolDeps {
  readonly group: VolumeGroup;
  /** Its name in the group. */
  readonly name: string;
  readonly exec: Exec;
}

export class ThinPool {
  readonly name: string;
  readonly #group: VolumeGroup;
  readonly #exec: Exec;
  readonly #chunkSize: Bytes;

  private constructor({ group, name, exec }: ThinPoolDeps, chunkSize: Bytes) {
    this.name = name;
    this.#group = group;
    this.#exec = exec;
    this.#chunkSize = chunkSize;
  }

  /** Activates the pool, and those of the volumes that the group has. Errors: unavailable, precondition. */
  static async open(deps: ThinPoolDeps, volumes: readonly string[], signal: AbortSignal): Promise<ThinPool> {
    const { group, name } = deps;
    const cannot = `use the thin pool ${group.name}/${name}`;
    const all = await group.list(signal);
    const found = all.find((one) => one.name === name);
    if (found === undefined) throw failure("unavailable", { cannot, rule: "the volume group must have it" });
    if (found.chunkSize === 0n) throw failure("precondition", { cannot, rule: "it must be a thin pool" });
    const known = new Set(all.map((one) => one.name));
    await group.activate([name, ...volumes.filter((volume) => known.has(volume))]);
    const pool = new ThinPool(deps, found.chunkSize);
    await pool.#assertZeroing(signal);
    return pool;
  }

  /** N1. */
  async #assertZeroing(signal: AbortSignal): Promise<void> {
    const cannot = `use the thin pool ${this.#group.name}/${this.name}`;
    const { stdout } = await execOk(this.#exec, "dmsetup", ["table"], { signal });
    const isOwn = (line: string) => this.#names.includes(line.split(":")[0] ?? "") && line.includes(" thin-pool ");
    const table = stdout.split("\n").find(isOwn);
    if (table === undefined) throw failure("unavailable", { cannot, rule: "the kernel must have it", got: stdout });
    if (!table.includes("skip_block_zeroing")) return;
    const rule = `it must fill new blocks with zeros (lvchange --zero y ${this.#group.name}/${this.name})`;
    throw failure("precondition", { cannot, rule });
  }

  /** LVM puts a layer on top of the pool as soon as there are volumes in it. */
  get #names(): readonly string[] {
    const name = this.#group.mappedName(this.name);
    return [`${name}-tpool`, name];
  }

  /** Sends a message of the kernel's thin target, as its documentation has them. Errors: unavailable. */
  async tell(message: string, signal: AbortSignal): Promise<void> {
    const [layered = ""] = this.#names;
    await execOk(this.#exec, "dmsetup", ["message", layered, "0", message], { signal });
  }

  async #status(): Promise<ThinStatus> {
    const { stdout } = await execOk(this.#exec, "dmsetup", ["status"], { signal: AbortSignal.timeout(lookMs) });
    return parseThinStatus(stdout);
  }

  /** For a moment neither name is there, while LVM makes the first volume: then the look waits for LVM. */
  async #look(): Promise<{ readonly status: ThinStatus; readonly own: ThinPoolStatus }> {
    const first = await this.#status();
    const isThere = this.#names.some((name) => first.pools.has(name));
    const again = async () => this.#group.quiet(AbortSignal.timeout(lookMs), async () => this.#status());
    const status = isThere ? first : await again();
    return { status, own: this.#ownIn(status) };
  }

  #ownIn({ pools }: ThinStatus): ThinPoolStatus {
    const [found] = this.#names.flatMap((name) => pools.get(name) ?? []);
    if (found !== undefined && ["rw", "out_of_data_space"].includes(found.mode)) return found;
    const cannot = `use the thin pool ${this.#group.name}/${this.name}`;
    throw failure("unavailable", { cannot, rule: "it must take writes", got: found?.mode ?? "not active" });
  }

  /** Bytes of an active volume that are mapped, shared ones too. */
  async mapped(volume: string): Promise<Bytes> {
    const name = this.#group.mappedName(volume);
    const { stdout } = await execOk(this.#exec, "dmsetup", ["status", name], { signal: AbortSignal.timeout(lookMs) });
    const mapped = parseThinStatus(`${name}: ${stdout}`).volumes.get(name);
    if (mapped !== undefined) return mapped;
    const cannot = `measure the logical volume ${this.#group.name}/${volume}`;
    throw failure("unavailable", { cannot, rule: "device-mapper must say how much of it is mapped", got: stdout });
  }

  async passesDiscards(): Promise<boolean> {
    return (await this.#look()).own.passesDiscards;
  }

  /** Data or metadata, whichever is nearer to its end. */
  async usedPercent(): Promise<number> {
    const { usedBlocks, blocks, usedMetadata, metadata } = (await this.#look()).own;
    const shares = [
      [usedBlocks, blocks],
      [usedMetadata, metadata],
    ] as const;
    return Math.max(...shares.map(([used, all]) => (all === 0n ? 100 : Number((used * 100n) / all))));
  }

  async available(kept: Kept, overcommitPercent: bigint): Promise<Bytes> {
    const { status, own } = await this.#look();
    const { blocks, usedBlocks } = own;
    const free = (blocks - usedBlocks) * this.#chunkSize;
    const whole = { volumes: this.#inChunks(kept.volumes), snapshots: this.#inChunks(kept.snapshots) };
    const room = new Room(whole, { free, mostOf: ({ size }) => size, overcommitPercent });
    for (const object of room.largestFirst()) {
      const mapped = status.volumes.get(this.#group.mappedName(object.id));
      if (mapped !== undefined) room.look(object, mapped);
    }
    return room.left;
  }

  /** With sizes as the pool gives them out. */
  #inChunks(objects: readonly KeptObject[]): readonly KeptObject[] {
    const chunk = this.#chunkSize;
    return objects.map((object) => ({ ...object, size: ((object.size + chunk - 1n) / chunk) * chunk }));
  }
}
