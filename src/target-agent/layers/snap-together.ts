/**
 * Thin snapshots of several volumes at one instant. LVM cannot: it lets a source go on as soon as its own snapshot was
 * taken, and does nothing right with one that somebody else has suspended. So LVM makes the copies beforehand, empty, and
 * device-mapper puts the snapshots in their place: of a thin volume LVM knows name, size and number, nothing of its blocks.
 *
 * T1  Every source is suspended before the first snapshot is taken, and each of them still is after the last: the kernel
 *     takes a snapshot of one that is not, without a word. What was not held is undone.
 * T2  Hosts wait for `pauseMs` at most; whatever goes wrong, every source goes on.
 * T3  No LVM command runs meanwhile: it would wait for what is suspended, or let it go on.
 */
import { failure } from "../../domain/errors.ts";
import { execOk, type Exec } from "../../host/exec.ts";
import type { ObjectToMake } from "./layer.ts";
import type { ThinPool } from "./thin-pool.ts";
import { lvmBytes, type VolumeGroup } from "./volume-group.ts";

export interface SnapTogetherDeps {
  readonly group: VolumeGroup;
  readonly pool: ThinPool;
  readonly exec: Exec;
}

/** A volume by its name, and the snapshot to be made of it, of the same size. */
export interface SnapPair {
  readonly source: string;
  readonly copy: ObjectToMake;
}

/** Less than a host waits for an answer before it begins anew (30 s). */
const pauseMs = 10_000;
const resumeMs = 10 * 60 * 1000;
const emptyMs = 60_000;
const cannot = "take snapshots of several volumes at one instant";

/** Makes the copies. They are not active yet; after an error some may be there. */
export async function snapTogether(deps: SnapTogetherDeps, pairs: readonly SnapPair[]): Promise<void> {
  const { group, pool } = deps;
  const into = `${group.name}/${pool.name}`;
  for (const { copy } of pairs) {
    const shape = ["--virtualsize", lvmBytes(copy.size), "--activate", "n", "--setactivationskip", "n"];
    await group.change("lvcreate", ["--thin", into, ...shape, "--name", copy.id]);
  }
  const numbers = await numbersOf(group, pairs);
  await group.quiet(AbortSignal.timeout(emptyMs), async () => {
    for (const { copy } of numbers) await pool.tell(`delete ${copy}`, AbortSignal.timeout(emptyMs));
    await atOneInstant(deps, pairs, async (signal) => {
      for (const { source, copy } of numbers) await pool.tell(`create_snap ${copy} ${source}`, signal);
    });
  });
}

interface Numbers {
  readonly source: number;
  readonly copy: number;
}

/** What the thin pool calls them. */
async function numbersOf(group: VolumeGroup, pairs: readonly SnapPair[]): Promise<readonly Numbers[]> {
  const known = new Map((await group.list()).map(({ name, thinId }) => [name, thinId]));
  const numberOf = (name: string): number => {
    const found = known.get(name);
    if (found !== undefined) return found;
    throw failure("precondition", { cannot, rule: `${group.name}/${name} must be a thin volume` });
  };
  return pairs.map(({ source, copy }) => ({ source: numberOf(source), copy: numberOf(copy.id) }));
}

/** T1, T2. */
async function atOneInstant(
  { group, exec }: SnapTogetherDeps,
  pairs: readonly SnapPair[],
  take: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const sources = pairs.map(({ source }) => source);
  const each = async (signal: AbortSignal, ...order: readonly string[]) =>
    Promise.allSettled(
      sources.map(async (source) => execOk(exec, "dmsetup", [...order, group.mappedName(source)], { signal })),
    );
  const limit = AbortSignal.timeout(pauseMs);
  try {
    assertAll(await each(limit, "suspend", "--nolockfs"));
    await assertHeld(group, sources);
    await take(limit);
    await assertHeld(group, sources);
  } finally {
    assertAll(await each(AbortSignal.timeout(resumeMs), "resume"));
  }
}

function assertAll(outcomes: readonly PromiseSettledResult<unknown>[]): void {
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
}

async function assertHeld(group: VolumeGroup, sources: readonly string[]): Promise<void> {
  for (const source of sources) {
    if ((await group.device(source))?.isSuspended === true) continue;
    throw failure("unavailable", {
      cannot,
      rule: "every source must stay suspended until the last is taken",
      got: source,
    });
  }
}
