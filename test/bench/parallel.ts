/**
 * Many volumes staged at once, then unstaged at once: 1, 8 and 32 ext4 volumes of 320 MiB that have a file system. No other
 * volumes exist. What counts is how many volumes a minute go through both.
 */
import { CsiError } from "../support/csi-client.ts";
import { timed } from "./bare-tools.ts";
import { interleaveOne, type Figure, type RoundsOptions } from "./figure.ts";
import { GuestBench, type PublishedVolume } from "./guest-bench.ts";
import { wholeOf } from "./guest-caller.ts";

const counts = [1, 8, 32] as const;
const minuteMs = 60_000;
const mostRepeats = 5;
/** Each stage of the driver has a child process beside it. */
const memoryMiB = 4096;

export async function parallel(options: RoundsOptions): Promise<readonly Figure[]> {
  await using bench = await GuestBench.open({ signal: options.signal, memoryMiB });
  const volumes: PublishedVolume[] = [];
  const figures: Figure[] = [];
  for (const count of counts) {
    while (volumes.length < count) volumes.push(await formatted(bench, `volume-${volumes.length}`));
    const rounds = await interleaveOne(options, {
      measured: async () => (count * minuteMs) / (await byDriver(bench, volumes)),
      reference: async () => (count * minuteMs) / (await byHand(bench, volumes)),
    });
    const goal = { kind: "ratio at least", limit: 0.9 } as const;
    const of = { family: "parallel", against: "the bare tools", unit: "volumes/min" } as const;
    const name = `restage and unstage, ${count} at once`;
    figures.push({ ...of, name, rounds, ...(count === counts[2] && { goal }) });
  }
  for (const { volume } of volumes) await volume.destroy();
  return figures;
}

async function formatted(bench: GuestBench, name: string): Promise<PublishedVolume> {
  const published = await bench.published(name);
  await published.volume.stage();
  await published.volume.unstage();
  return published;
}

async function byDriver({ caller }: GuestBench, volumes: readonly PublishedVolume[]): Promise<number> {
  const atOnce = async (call: (one: PublishedVolume) => Promise<void>) =>
    wholeOf(
      await caller.spansOf(async () => Promise.all(volumes.map(async (one) => untilDone(async () => call(one))))),
    );
  const staged = await atOnce(async ({ volume }) => volume.stage());
  return staged + (await atOnce(async ({ volume }) => volume.unstage()));
}

/** As a kubelet does: on a slow machine the last of many may reach the driver's own deadline. */
async function untilDone(call: () => Promise<void>, repeats = mostRepeats): Promise<void> {
  try {
    await call();
  } catch (error) {
    const isLate = error instanceof CsiError && (error.code === "DEADLINE_EXCEEDED" || error.code === "ABORTED");
    if (!isLate || repeats === 0) throw error;
    await untilDone(call, repeats - 1);
  }
}

async function byHand({ machine }: GuestBench, volumes: readonly PublishedVolume[]): Promise<number> {
  const atOnce = (steps: readonly string[]) =>
    `jobs=; ${steps.map((step) => `{ ${step}\n} & jobs+=" $!"\n`).join("")}for job in $jobs; do wait $job; done`;
  const stage = atOnce(volumes.map(({ bare }) => bare.restage));
  const unstage = atOnce(volumes.map(({ bare }) => bare.unstage));
  return (await timed(machine, stage, unstage)).reduce((sum, time) => sum + time, 0);
}
