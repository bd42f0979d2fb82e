/**
 * fio, one request at a time and past the page cache of whoever asks: a file in the mounted volume, against one in an ext4
 * that was made and mounted by hand, the bare nvme device of another volume, and that volume's backing file as it is, over
 * iSCSI and over NFS.
 */
import * as z from "zod";
import type { Machine } from "../lab/machine.ts";
import { inTurns, paired, type Figure, type RoundsOptions } from "./figure.ts";
import { GuestBench } from "./guest-bench.ts";
import { exportPackages, startOtherExports } from "./other-exports.ts";

const patterns = [
  { name: "4k random read", rw: "randread", size: "4k" },
  { name: "4k random write", rw: "randwrite", size: "4k" },
  { name: "64k read", rw: "read", size: "64k" },
  { name: "64k write", rw: "write", size: "64k" },
] as const;
const fileMiB = 128;
const seconds = 2;

type Pattern = (typeof patterns)[number];

export async function dataPath(options: RoundsOptions): Promise<readonly Figure[]> {
  await using bench = await GuestBench.open({ signal: options.signal, packages: exportPackages });
  const { machine } = bench;
  const mounted = await bench.published("mounted");
  await mounted.volume.stage();
  const file = `${mounted.volume.staging}/data`;
  const raw = await bench.published("raw");
  await machine.sh(raw.bare.script(raw.bare.connect));
  const device = await raw.volume.device();
  const plain = await bench.published("plain");
  await machine.sh(plain.bare.script(plain.bare.firstStage));
  const fileByHand = `${plain.volume.staging}/data`;
  for (const path of [file, fileByHand, device]) {
    await machine.sh(`dd if=/dev/zero of=${path} bs=1M count=${fileMiB} conv=fsync,notrunc status=none`);
  }
  await using others = await startOtherExports(machine, raw.volume.backing);
  const references = [
    ["the bare nvme device", device],
    ["a file in an ext4 by hand", fileByHand],
    ["the local backing file", raw.volume.backing],
    ["iSCSI (LIO)", others.iscsi],
    ["NFS 4.2", others.nfs],
  ] as const;
  const figures: Figure[] = [];
  for (const pattern of patterns) figures.push(...(await compare(machine, { pattern, file, references }, options)));
  return figures;
}

async function compare(
  machine: Machine,
  what: {
    readonly pattern: Pattern;
    readonly file: string;
    readonly references: readonly (readonly [string, string])[];
  },
  options: RoundsOptions,
): Promise<readonly Figure[]> {
  const { pattern, file, references } = what;
  const paths = [file, ...references.map(([, path]) => path)];
  const works = paths.map((path) => async () => [await latency(machine, path, pattern)]);
  const [measured = [], ...others] = (await inTurns(options, works)).map((rounds) => rounds.flat());
  const of = { family: "data path", name: pattern.name, unit: "µs" } as const;
  return references.map(([against], index) => {
    const rounds = paired(measured, others[index] ?? []);
    return { ...of, against, rounds, ...(index <= 1 && { goal: { kind: "equal" } as const }) };
  });
}

const direction = z.object({ total_ios: z.number(), lat_ns: z.object({ mean: z.number() }) });
const report = z.object({ jobs: z.tuple([z.object({ error: z.literal(0), read: direction, write: direction })]) });

/** Microseconds of one request, on the average. */
async function latency(machine: Machine, path: string, { rw, size }: Pattern): Promise<number> {
  const access = ["--ioengine=psync", "--direct=1", "--thread", "--allow_file_create=0", "--randrepeat=0"];
  const amount = [`--bs=${size}`, `--size=${fileMiB}M`, "--time_based", `--runtime=${seconds}`];
  const argv = ["fio", "--name=bench", `--filename=${path}`, `--rw=${rw}`, ...access, ...amount];
  const { stdout } = await machine.exec([...argv, "--output-format=json"]);
  const { read, write } = report.parse(JSON.parse(stdout.slice(stdout.indexOf("{")))).jobs[0];
  return (rw.endsWith("read") ? read : write).lat_ns.mean / 1000;
}
