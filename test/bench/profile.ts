/** Where the time of the driver's RPCs goes: who had the CPU of the guest meanwhile, and how that is with the bare tools. */
import { cpuTimesOf, type CpuTimes } from "./cpu-times.ts";
import { GuestBench, type PublishedVolume } from "./guest-bench.ts";

const repeats = 5;
/** What took less than so many milliseconds is summed up. */
const leastMs = 1;

type Work = () => Promise<unknown>;

interface Profiled {
  readonly name: string;
  readonly before?: Work;
  readonly work: Work;
  readonly after?: Work;
}

/** Returns a paragraph for each work. */
export async function profile(signal: AbortSignal): Promise<string> {
  await using bench = await GuestBench.open({ signal });
  const again = await bench.published("again");
  await again.volume.stage();
  await again.volume.unstage();
  const paragraphs: string[] = [];
  for (const one of [...firstStages(bench), ...restages(bench, again)]) {
    signal.throwIfAborted();
    paragraphs.push(paragraphOf(one.name, await averageOf(bench, one)));
  }
  return paragraphs.join("\n\n");
}

/** Each time a new volume. */
function firstStages(bench: GuestBench): readonly Profiled[] {
  let count = 0;
  let fresh: PublishedVolume | undefined;
  const before = async () => (fresh = await bench.published(`fresh-${(count += 1)}`));
  const unstage = async () => bench.machine.sh(fresh?.bare.script(fresh.bare.unstage) ?? "");
  return [
    {
      name: "first stage",
      before,
      work: async () => fresh?.volume.stage(),
      after: async () => fresh?.volume.destroy(),
    },
    {
      name: "first stage by hand",
      before,
      work: async () => bench.machine.sh(fresh?.bare.script(fresh.bare.firstStage) ?? ""),
      after: async () => [await unstage(), await fresh?.volume.unpublish(), await fresh?.volume.delete()],
    },
  ];
}

function restages({ machine }: GuestBench, { volume, bare }: PublishedVolume): readonly Profiled[] {
  const [stage, unstage] = [async () => volume.stage(), async () => volume.unstage()];
  const [up, down] = [bare.restage, bare.unstage].map((step) => async () => machine.sh(bare.script(step)));
  if (up === undefined || down === undefined) return [];
  return [
    { name: "restage", work: stage, after: unstage },
    { name: "restage by hand", work: up, after: down },
    { name: "unstage", before: stage, work: unstage },
    { name: "unstage by hand", before: up, work: down },
  ];
}

async function averageOf({ machine, guest, caller }: GuestBench, one: Profiled): Promise<CpuTimes> {
  const sums = new Map<string, number>();
  for (let count = 0; count < repeats; count += 1) {
    await one.before?.();
    const times = await cpuTimesOf(machine, { driver: guest.pid, caller: caller.pid }, one.work);
    for (const [name, ms] of times) sums.set(name, (sums.get(name) ?? 0) + ms / repeats);
    await one.after?.();
  }
  return [...sums].toSorted(([, a], [, b]) => b - a);
}

function paragraphOf(name: string, times: CpuTimes): string {
  const large = times.filter(([, ms]) => ms >= leastMs);
  const rest = times.filter(([, ms]) => ms < leastMs).reduce((sum, [, ms]) => sum + ms, 0);
  const lines = [...large, ["others", rest] as const].map(([who, ms]) => `${ms.toFixed(1).padStart(9)} ms  ${who}`);
  return [`${name}, ms of CPU on the average of ${repeats}:`, ...lines].join("\n");
}
