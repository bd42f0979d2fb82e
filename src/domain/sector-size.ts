/**
 * Content that was made for a disk with smaller sectors than the one that it is to lie on: the kernel would not mount it, or
 * would look for partitions in the wrong places. Layouts: those of superblock.ts, and UEFI 2.10, 5.2 and 5.3.
 */

const ext4Start = 1024;
const firstPartition = 446;
const partitionBytes = 16;
const protective = 0xee;

/** What is wrong with content on sectors of `sectorBytes`, in words; undefined where nothing is. `head` is its first 8 KiB. */
export function sectorFault(head: Buffer, sectorBytes: number): string | undefined {
  const faults = [gptFault(head, sectorBytes), dosFault(head, sectorBytes), filesystemFault(head, sectorBytes)];
  return faults.find((fault) => fault !== undefined);
}

/** The header of a GPT is in the second sector. */
function gptFault(head: Buffer, sectorBytes: number): string | undefined {
  const isAt = (sector: number) => head.toString("latin1", sector, sector + 8) === "EFI PART";
  const found = [512, 4096].find(isAt);
  return found === undefined || found === sectorBytes ? undefined : `its GPT is for sectors of ${found} bytes`;
}

/** An MBR counts in sectors, and does not say how large they are: those that exist are of 512 bytes. */
function dosFault(head: Buffer, sectorBytes: number): string | undefined {
  if (sectorBytes === 512 || head.readUInt16LE(510) !== 0xaa55) return undefined;
  const types = [0, 1, 2, 3].map((index) => head[firstPartition + index * partitionBytes + 4] ?? 0);
  const isTable = types.some((type) => type !== 0 && type !== protective);
  return isTable && !isFilesystem(head) ? "its MBR counts in sectors of 512 bytes" : undefined;
}

function isFilesystem(head: Buffer): boolean {
  return head.readUInt16LE(ext4Start + 0x38) === 0xef53 || head.toString("latin1", 0, 4) === "XFSB";
}

function filesystemFault(head: Buffer, sectorBytes: number): string | undefined {
  if (head.toString("latin1", 0, 4) === "XFSB") {
    const sector = head.readUInt16BE(102);
    return sector < sectorBytes ? `its xfs is for sectors of ${sector} bytes` : undefined;
  }
  if (head.readUInt16LE(ext4Start + 0x38) !== 0xef53) return undefined;
  const block = 1024 * 2 ** head.readUInt32LE(ext4Start + 0x18);
  return block < sectorBytes ? `its ext4 has blocks of ${block} bytes` : undefined;
}
