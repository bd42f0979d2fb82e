/**
 * csi-sanity against the whole driver: natively for the memory back end, in the lab for nvmet; there with raw block on files
 * as two processes, controller and node (on LVM as one: it asks the node's process for the controller's abilities). Every spec that is skipped must be on the list of allowed skips.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startGuestDriver, type GuestDriver } from "../support/guest-driver.ts";
import { startGuestMode } from "../support/guest-mode.ts";
import { startDriver } from "../support/driver-process.ts";
import { runTool } from "../lab/run-tool.ts";
import { judgeSpecs, readSpecs } from "../support/ginkgo-report.ts";
import type { Tally } from "../support/tally.ts";
import { allowedSkips } from "./allowed-skips.ts";
import { csiSanityName, ensureCsiSanity } from "./csi-sanity.ts";

export const sanityBackends = ["memory", "nvmet-file", "nvmet-lvm"] as const;
/** Of those that run in the lab. */
const layers = { "nvmet-file": "file", "nvmet-lvm": "lvm-thin" } as const;
export const sanityAccess = ["mount", "block"] as const;

export interface SanityCase {
  readonly backend: (typeof sanityBackends)[number];
  readonly access: (typeof sanityAccess)[number];
}

const limitMs = 20 * 60 * 1000;
const volumeSize = 1024 ** 3;
/** Of the node; one spec publishes one more. */
const limit = ["--max-volumes", "6"];

interface Endpoints {
  readonly endpoint: string;
  /** Where it is another one. */
  readonly controller?: string;
}

function flags(
  { endpoint, controller }: Endpoints,
  { directory, access }: { readonly directory: string; readonly access: string },
): string[] {
  return [
    `-csi.endpoint=unix://${endpoint}`,
    ...(controller === undefined ? [] : [`-csi.controllerendpoint=unix://${controller}`]),
    `-csi.mountdir=${directory}/mount`,
    `-csi.stagingdir=${directory}/staging`,
    `-csi.testvolumeaccesstype=${access}`,
    `-csi.testvolumesize=${volumeSize}`,
    `-csi.testvolumeexpandsize=${2 * volumeSize}`,
    "-csi.testnodevolumeattachlimit",
    `-ginkgo.json-report=${directory}/report.json`,
    "-ginkgo.no-color",
    "-ginkgo.succinct",
  ];
}

/** Runs one case, prints what csi-sanity prints, and counts its specs. `stop` ends it, and what it started, early. */
export async function runSanity({ backend, access }: SanityCase, stop: AbortSignal): Promise<Tally> {
  const signal = AbortSignal.any([stop, AbortSignal.timeout(limitMs)]);
  const program = await ensureCsiSanity(signal);
  const report =
    backend === "memory" ? await native(program, access, signal) : await inLab({ backend, access }, signal);
  return judge(report, { backend, access });
}

async function native(program: string, access: string, signal: AbortSignal): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "nvmetcp-sanity-"));
  try {
    await using driver = await startDriver({ mode: "all-in-one", flags: ["--backend", "memory", ...limit], signal });
    const args = flags({ endpoint: driver.socketPath }, { directory, access });
    await runTool([program, ...args], signal).catch((error: unknown) => console.log(String(error)));
    return await readFile(join(directory, "report.json"), "utf8");
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function inLab(
  { backend, access }: SanityCase & { readonly backend: keyof typeof layers },
  signal: AbortSignal,
): Promise<string> {
  const layer = layers[backend];
  await using guest = await startGuestDriver({ signal, flags: limit, layer });
  const directory = "/run/sanity";
  await guest.machine.exec(["mkdir", directory]);
  const isTwo = access === "block" && layer === "file";
  const endpoints = isTwo ? await asTwoProcesses(guest) : { endpoint: guest.socketPath };
  const args = flags(endpoints, { directory, access });
  const program = `${guest.machine.bin}/${csiSanityName}`;
  const { stdout } = await guest.machine.exec([program, ...args], { check: false, signal });
  // In one piece: another case may run at the same time.
  console.log(`csi-sanity ${backend}, ${access}\n${stdout.trim()}`);
  return await guest.machine.readFile(`${directory}/report.json`);
}

async function asTwoProcesses(guest: GuestDriver): Promise<Endpoints> {
  await guest.stop();
  const controller = await startGuestMode(guest.machine, "controller", limit);
  const node = await startGuestMode(guest.machine, "node", limit);
  return { endpoint: node.socketPath, controller: controller.socketPath };
}

function judge(report: string, { backend, access }: SanityCase): Tally {
  const skips = allowedSkips({ groups: backend !== "nvmet-file" });
  const allowed = {
    entries: [...skips.keys()],
    find: (name: string) => (skips.has(name) ? name : undefined),
    reason: (name: string) => skips.get(name) ?? "",
    show: (name: string) => name,
  };
  return judgeSpecs(readSpecs(report), allowed, `csi-sanity ${backend} ${access}`);
}
