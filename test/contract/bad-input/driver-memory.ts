/** How much memory a driver process holds after its garbage was collected. */
import path from "node:path";
import { poll } from "../../../src/host/clock.ts";
import type { Driver } from "../../support/driver-process.ts";

/** The environment of a driver whose memory is to be measured. */
export const measured = {
  NODE_OPTIONS: `--expose-gc --import ${path.join(import.meta.dirname, "heap-probe.ts")}`,
} as const;

export interface Memory {
  /** Objects, and buffers outside the heap. */
  readonly heap: number;
  readonly resident: number;
}

export async function memoryOf(driver: Driver, signal: AbortSignal): Promise<Memory> {
  const seen = () => [...driver.output().matchAll(/^heap-probe (\d+) (\d+)$/gm)];
  const before = seen().length;
  process.kill(driver.pid, "SIGUSR2");
  const [, heap, resident] = await poll(async () => Promise.resolve(seen()[before]), signal);
  return { heap: Number(heap), resident: Number(resident) };
}
