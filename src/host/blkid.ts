/**
 * What blkid sees on a device, by its low-level probe: no cache, no udev.
 *
 * I1  "Nothing recognised" (exit 2) is also the answer for an unreadable or absent device (V17). It is evidence only
 *     beside a complete direct reading of the same device.
 */
import { toolFailure, type Exec } from "./exec.ts";

/** What blkid calls the content of a device. */
export interface DeviceSignature {
  /** `ext4`, `xfs`, `LVM2_member`, `gpt`, `dos`, …; `ambivalent` for several at once, `unknown` without a name. */
  readonly type: string;
  readonly uuid?: string;
}

const nothingRecognised = 2;
// As blkid(8) says; 2.41 answers 2 to such a device as well (docs/kernel-facts.md), so neither status proves anything.
const ambivalent = 8;

export async function probeSignature(
  run: Exec,
  path: string,
  { signal }: { readonly signal: AbortSignal },
): Promise<DeviceSignature | undefined> {
  const args = ["-p", "-o", "export", path];
  const result = await run("blkid", args, { signal });
  switch (result.exitCode) {
    case 0:
      return parseExport(result.stdout);
    case nothingRecognised:
      return undefined;
    case ambivalent:
      return { type: "ambivalent" };
    case undefined:
    default:
      throw toolFailure("blkid", args, result);
  }
}

/** A file system or RAID type goes before a partition table type. */
export function parseExport(output: string): DeviceSignature {
  const values = new Map<string, string>();
  for (const line of output.split("\n")) {
    const equals = line.indexOf("=");
    if (equals > 0) values.set(line.slice(0, equals), line.slice(equals + 1));
  }
  const named = values.has("TYPE");
  const type = values.get(named ? "TYPE" : "PTTYPE") ?? "unknown";
  const uuid = values.get(named ? "UUID" : "PTUUID");
  return { type, ...(uuid !== undefined && { uuid }) };
}
