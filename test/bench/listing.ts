/**
 * ListVolumes on this machine itself: the memory back end with 10,000 volumes, against the same with 100. Two drivers run
 * side by side, so that the rounds can take turns.
 */
import { startDriver, type Driver } from "../support/driver-process.ts";
import { interleaveOne, type Figure, type RoundsOptions } from "./figure.ts";
import { main } from "./native-driver.ts";

const few = 100;
const many = 10_000;
const pageEntries = 100;
const inFlight = 50;
/** One page takes too short to be told from noise. */
const pagesPerSample = 20;

export async function listing(options: RoundsOptions): Promise<readonly Figure[]> {
  await using small = await driverWith(few, options.signal);
  await using large = await driverWith(many, options.signal);
  const first = await interleaveOne(options, {
    measured: async () => timePages(large, ""),
    reference: async () => timePages(small, ""),
  });
  const token = await middleOf(large);
  const middle = await interleaveOne(options, {
    measured: async () => timePages(large, token),
    reference: async () => timePages(small, ""),
  });
  const of = { family: "listing", unit: "ms", against: `of ${few} volumes` } as const;
  return [
    { ...of, name: `first page of ${many}`, rounds: first },
    { ...of, name: `page in the middle of ${many}`, rounds: middle },
  ];
}

async function driverWith(count: number, signal: AbortSignal): Promise<Driver> {
  const driver = await startDriver({ main, signal });
  for (let made = 0; made < count; made += inFlight) {
    signal.throwIfAborted();
    await Promise.all(Array.from({ length: inFlight }, async (_, index) => create(driver, `bench-${made + index}`)));
  }
  return driver;
}

async function create({ client }: Driver, name: string): Promise<void> {
  const capability = { access_mode: { mode: "SINGLE_NODE_WRITER" }, mount: { fs_type: "ext4" } } as const;
  await client.controller.CreateVolume({ name, volume_capabilities: [capability] });
}

/** Milliseconds for one page of 100 entries. */
async function timePages({ client }: Driver, token: string): Promise<number> {
  const started = performance.now();
  for (let page = 0; page < pagesPerSample; page += 1) {
    const { entries } = await client.controller.ListVolumes({ max_entries: pageEntries, starting_token: token });
    if (entries.length !== pageEntries)
      throw new Error(`a page must have ${pageEntries} entries; got ${entries.length}`);
  }
  return (performance.now() - started) / pagesPerSample;
}

async function middleOf({ client }: Driver): Promise<string> {
  return (await client.controller.ListVolumes({ max_entries: many / 2 })).next_token;
}
