/** `controller` or `node` as a process of its own in a lab machine, and a client of it. */
import { poll } from "../../src/host/clock.ts";
import type { Machine } from "../lab/machine.ts";
import { openCsiClient, type CsiClient } from "./csi-client.ts";
import { guestCluster, stateDir } from "./guest-driver.ts";
import { poolPath } from "./guest-pool.ts";

export interface GuestMode {
  readonly client: CsiClient;
  /** In the machine. */
  readonly pid: number;
  /** In the machine. */
  readonly socketPath: string;
  /** SIGTERM; returns the exit status. */
  stop(): Promise<number | undefined>;
}

/** Starts the bundled driver; returns when it answers. */
export async function startGuestMode(
  machine: Machine,
  mode: "controller" | "node",
  flags: readonly string[] = [],
): Promise<GuestMode> {
  const socket = `/run/nvmetcp-csi/${mode}.sock`;
  const places = ["--csi-endpoint", `unix://${socket}`, "--pool", poolPath, "--state-dir", stateDir];
  const argv = [
    machine.node,
    `${machine.project}/dist/main.js`,
    mode,
    "--cluster-id",
    guestCluster,
    ...places,
    ...flags,
  ];
  const process = await machine.spawn(argv);
  const client = openCsiClient(await machine.forward(socket));
  const answer = async () => client.identity.Probe({}, { deadlineMs: 5000 }).catch(() => undefined);
  await poll(answer, AbortSignal.timeout(60_000));
  const stop = async () => {
    client.close();
    await process.kill("SIGTERM");
    return (await process.exited).exitCode;
  };
  return { client, pid: process.pid, socketPath: socket, stop };
}
