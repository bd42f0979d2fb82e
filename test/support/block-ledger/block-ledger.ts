/**
 * A write load on a raw device or a file that knows what it was promised: each write has a number, and the numbers that are
 * on the medium are kept outside the machine. What is found later, on the volume or on a copy, is judged by them. A load on
 * several of them writes to each in turn, and begins no write before the last one has ended.
 */
import assert from "node:assert/strict";
import { poll } from "../../../src/host/clock.ts";
import type { Machine, Spawned } from "../../lab/machine.ts";
import type { LedgerBlock } from "./block.ts";
import { memberOf, placeOf } from "./place.ts";

type Found = LedgerBlock | "blank" | "torn";
const program = (machine: Machine) => [machine.node, `${machine.project}/test/support/block-ledger/program.ts`];

interface Shape {
  /** What the blocks are marked with. */
  readonly volume: string;
  readonly blocks: number;
  /** Number of its first block. */
  readonly first: number;
}

/** One path, or several. */
type Paths = string | readonly string[];
const joined = (paths: Paths) => [paths].flat().join(",");

export class BlockLedger {
  readonly #machine: Machine;
  readonly #volume: string;
  readonly #blocks: number;
  readonly #first: number;
  #writer: Spawned | undefined;
  #promised = 0;

  private constructor(machine: Machine, { volume, blocks, first }: Shape) {
    this.#machine = machine;
    this.#volume = volume;
    this.#blocks = blocks;
    this.#first = first;
  }

  /** Writes to `path`, or to several in turn, from now on, in `blocks` blocks from the `first` one on. */
  static async open(
    machine: Machine,
    { path, volume, blocks = 256, first = 0 }: Pick<Shape, "volume"> & Partial<Shape> & { readonly path: Paths },
  ): Promise<BlockLedger> {
    const ledger = new BlockLedger(machine, { volume, blocks, first });
    ledger.#writer = await machine.spawn(
      [...program(machine), "write", joined(path), volume, String(blocks), String(first)],
      {
        onStdoutLine: (line) => (ledger.#promised = Number(line)),
      },
    );
    return ledger;
  }

  /** The last write that is on the medium. */
  get promised(): number {
    return this.#promised;
  }

  /** Waits until so many writes more are promised. */
  async advance(writes: number, signal: AbortSignal): Promise<void> {
    const wanted = this.#promised + writes;
    await poll(async () => Promise.resolve(this.#promised >= wanted ? true : undefined), signal);
  }

  /** Ends the load. Another ending than by the signal means that a write had failed before. */
  async close(): Promise<void> {
    await this.#writer?.kill("SIGTERM");
    assert.equal((await this.#writer?.exited)?.signal, "SIGTERM", "no write failed");
  }

  /**
   * Judges what is at a path: it must be as after one instant, with every write up to `least` and none beyond `most`. Gives
   * the instant back.
   */
  async judge(path: Paths, { least, most }: { readonly least: number; readonly most: number }): Promise<number> {
    const read = [...program(this.#machine), "read", joined(path), String(this.#blocks), String(this.#first)];
    const found = JSON.parse((await this.#machine.exec(read)).stdout) as readonly (readonly Found[])[];
    const sequences = found.flat().map((block) => (typeof block === "string" ? 0 : block.sequence));
    const instant = Math.max(...sequences);
    assert.deepEqual(found, this.#asAfter(instant, found.length), `as after write ${instant}`);
    assert.ok(instant >= least, `write ${least} was promised, and the last one there is ${instant}`);
    assert.ok(instant <= most, `write ${most} was the last one, and there is ${instant}`);
    return instant;
  }

  #asAfter(instant: number, members: number): readonly (readonly Found[])[] {
    const all = Array.from({ length: members }, () => Array.from({ length: this.#blocks }, (): Found => "blank"));
    for (let sequence = 1; sequence <= instant; sequence += 1) {
      const place = placeOf(sequence, this.#blocks);
      const block = { volume: this.#volume, number: this.#first + place, sequence };
      all[memberOf(sequence, members)]?.splice(place, 1, block);
    }
    return all;
  }
}
