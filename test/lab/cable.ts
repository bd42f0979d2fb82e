/**
 * A cable between two VMs, with nothing of it on this machine's network. Two network namespaces are no substitute: a host
 * reconnects from the initial one, whatever namespace it was connected in (V25).
 */
import { join } from "node:path";
import { makeScratch, removeScratch } from "./scratch.ts";

/** Where a machine is plugged in, and who it is there. */
export interface CableEnd {
  /** Unix socket of the cable. */
  readonly socket: string;
  /** The machine with the end that listens starts first. */
  readonly listens: boolean;
  /** IPv4. */
  readonly address: string;
}

export interface Cable extends AsyncDisposable {
  /** The end of the machine that starts first. */
  readonly first: CableEnd;
  readonly second: CableEnd;
}

export async function layCable(): Promise<Cable> {
  const directory = await makeScratch();
  const socket = join(directory, "cable.sock");
  return {
    first: { socket, listens: true, address: "192.0.2.1" },
    second: { socket, listens: false, address: "192.0.2.2" },
    [Symbol.asyncDispose]: async () => removeScratch(directory),
  };
}

/** The network card of a machine, in QEMU's words. */
export function cardOn({ socket, listens, address }: CableEnd): readonly string[] {
  const mac = `52:54:00:00:00:0${address.slice(-1)}`;
  return [
    ...["-netdev", `stream,id=cable,server=${listens ? "on" : "off"},addr.type=unix,addr.path=${socket}`],
    ...["-device", `virtio-net-pci,netdev=cable,mac=${mac},romfile=`],
  ];
}
