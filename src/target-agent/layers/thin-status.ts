/**
 * What device-mapper's thin targets say of themselves: `dmsetup status`, as the kernel's documentation of thin
 * provisioning describes it. LVM's own percentages are rounded, and a volume that holds 0.00 percent is not blank.
 */
import type { Bytes } from "../../domain/capacity.ts";
import { failure } from "../../domain/errors.ts";

const sectorBytes = 512n;

export interface ThinPoolStatus {
  readonly usedBlocks: bigint;
  readonly blocks: bigint;
  readonly usedMetadata: bigint;
  readonly metadata: bigint;
  /** `rw`; `ro` and `out_of_data_space` say what is wrong; `Fail` where the pool has given up. */
  readonly mode: string;
  /** What is discarded in a volume, and shared by no other, is discarded on the disks. */
  readonly passesDiscards: boolean;
}

/** By the names that device-mapper has. */
export interface ThinStatus {
  readonly pools: ReadonlyMap<string, ThinPoolStatus>;
  /** Bytes that are mapped, shared ones too. */
  readonly volumes: ReadonlyMap<string, Bytes>;
}

/** Reads the output of `dmsetup status` without a name. */
export function parseThinStatus(output: string): ThinStatus {
  const pools = new Map<string, ThinPoolStatus>();
  const volumes = new Map<string, Bytes>();
  for (const line of output.split("\n")) {
    const [, name = "", rest = ""] = /^([^:\s]+): \d+ \d+ (.*)$/.exec(line) ?? [];
    const [target, ...fields] = rest.trim().split(/\s+/);
    if (target === "thin-pool") pools.set(name, parsePool(fields));
    if (target === "thin" && fields[0] !== "Fail") volumes.set(name, number(fields[0]) * sectorBytes);
  }
  return { pools, volumes };
}

/** `<transaction> <used>/<all metadata> <used>/<all data> <held root> <mode> <discard_passdown or not> …`. */
function parsePool(fields: readonly string[]): ThinPoolStatus {
  if (fields[0] === "Fail" || fields[0] === "Error") {
    return { usedBlocks: 0n, blocks: 0n, usedMetadata: 0n, metadata: 0n, mode: fields[0], passesDiscards: false };
  }
  const [usedMetadata, metadata] = (fields[1] ?? "").split("/");
  const [usedBlocks, blocks] = (fields[2] ?? "").split("/");
  return {
    usedMetadata: number(usedMetadata),
    metadata: number(metadata),
    usedBlocks: number(usedBlocks),
    blocks: number(blocks),
    mode: fields[4] ?? "unknown",
    passesDiscards: fields[5] === "discard_passdown",
  };
}

function number(text: string | undefined): bigint {
  if (text !== undefined && /^\d+$/.test(text)) return BigInt(text);
  throw failure("unavailable", { cannot: "read dmsetup status", rule: "it must hold numbers", got: text ?? "nothing" });
}
