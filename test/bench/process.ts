/**
 * The driver as a process on this machine itself, with the memory back end: what it keeps when nobody asks for anything, and
 * how long it takes to answer the first Probe. Both beside a Node.js that runs an empty program.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposable, readFile, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { openCsiClient } from "../support/csi-client.ts";
import { startDriver, type DriverOptions } from "../support/driver-process.ts";
import { interleaveOne, type Figure, type RoundsOptions } from "./figure.ts";
import { bundleSizes, kubernetesChunk, main } from "./native-driver.ts";

const MiB = 1024 * 1024;
const nodeGoalMiB = 90;
const controllerGoalMiB = 150;
const startGoalMs = 300;
/** A kubelet and its helpers ask that often in a quarter of an hour. */
const probes = 100;
const empty = ["-e", "console.log('up'); setInterval(() => undefined, 1e6)"];

export async function processes(options: RoundsOptions): Promise<readonly Figure[]> {
  const sides: readonly (readonly [string, number, Partial<DriverOptions>])[] = [
    ["node", nodeGoalMiB, { mode: "node" }],
    ["controller", controllerGoalMiB, { mode: "controller" }],
    ["controller with the Kubernetes client", controllerGoalMiB, await withKubernetes()],
    ["all-in-one with the Kubernetes client", controllerGoalMiB, { ...(await withKubernetes()), mode: "all-in-one" }],
  ];
  const of = { family: "process", against: "an empty Node.js" } as const;
  const figures: Figure[] = [];
  for (const [name, limit, driver] of sides) {
    const rounds = await interleaveOne(options, {
      measured: async () => idleMemory({ ...driver, main, signal: options.signal }),
      reference: async () => emptyNode(async (pid) => residentMiB(pid)),
    });
    figures.push({ ...of, name: `idle RSS, ${name}`, unit: "MiB", rounds, goal: { kind: "value at most", limit } });
  }
  const goal = { kind: "value at most", limit: startGoalMs } as const;
  figures.push({ ...of, name: "start to ready", unit: "ms", rounds: await starts(options), goal });
  return [...figures, ...(await sizes())];
}

/** Loads the client without the API server that it would ask. */
async function withKubernetes(): Promise<Partial<DriverOptions>> {
  const environment = { NODE_OPTIONS: `--import=${pathToFileURL(await kubernetesChunk()).href}` };
  return { mode: "controller", environment };
}

async function idleMemory(options: DriverOptions): Promise<number> {
  await using driver = await startDriver(options);
  for (let count = 0; count < probes; count += 1) await driver.client.identity.Probe({});
  return await residentMiB(driver.pid);
}

async function residentMiB(pid: number): Promise<number> {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kibibytes) / 1024;
}

/** What `look` sees of a Node.js that runs an empty program, once it is up. */
async function emptyNode<T>(look: (pid: number) => Promise<T>): Promise<T> {
  const child = spawn(process.execPath, empty, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "close");
  try {
    await once(child.stdout, "data");
    return await look(child.pid ?? 0);
  } finally {
    child.kill();
    await ended;
  }
}

async function starts(options: RoundsOptions) {
  return await interleaveOne(options, {
    measured: startToReady,
    reference: async () => {
      const started = performance.now();
      return await emptyNode(async () => Promise.resolve(performance.now() - started));
    },
  });
}

/** Milliseconds from the start of the process to the answer to a Probe that is asked as soon as the driver serves. */
async function startToReady(): Promise<number> {
  await using directory = await mkdtempDisposable(join(tmpdir(), "nvmetcp-csi-bench-"));
  const socket = join(directory.path, "csi.sock");
  const places = ["--csi-endpoint", `unix://${socket}`, "--state-dir", join(directory.path, "state")];
  const argv = [main, "all-in-one", "--backend", "memory", "--cluster-id", "bench", ...places];
  const started = performance.now();
  const child = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "close");
  using client = openCsiClient(socket);
  try {
    for await (const line of createInterface({ input: child.stdout })) if (line.includes('"msg":"serving"')) break;
    await client.identity.Probe({});
    return performance.now() - started;
  } finally {
    child.kill();
    await ended;
  }
}

async function sizes(): Promise<readonly Figure[]> {
  const { base, kubernetes } = await bundleSizes();
  const reference = (await stat(process.execPath)).size / MiB;
  const of = { family: "process", against: "the Node.js program", unit: "MiB" } as const;
  return [
    { ...of, name: "bundle", rounds: [{ measured: base / MiB, reference }] },
    { ...of, name: "bundle with the Kubernetes client", rounds: [{ measured: (base + kubernetes) / MiB, reference }] },
  ];
}
