/**
 * What must read zero on a device before it may be formatted (DESIGN 5.1 c): every place where a known format keeps
 * its first or a spare copy of what makes the rest readable. A blank answer of blkid alone is no evidence (V17, V38).
 *
 * G1  Regions are 4 KiB aligned (direct reads need it, V45), inside the device, sorted, and do not touch each other.
 * G2  The result covers every place for the present size and for each size that the device had while it was blank:
 *     an old mkfs may have left its spare copies at the old end.
 */
import { MiB, TiB, type Bytes } from "./capacity.ts";
import { failure } from "./errors.ts";

export interface Region {
  readonly offset: Bytes;
  readonly length: number;
}

interface Span {
  readonly start: Bytes;
  readonly end: Bytes;
}

const KiB = 1024n;
const unit = 4n * KiB;
/** Partition tables, LVM and LUKS headers, primary superblocks, the first btrfs mirror. */
const head = 2n * MiB;
/** The GPT backup, RAID superblocks, the format intent block at size - 3 MiB. */
const tail = 4n * MiB;
const btrfsMirrors = [64n * KiB, 64n * MiB, 256n * KiB * MiB];
/** mkfs.xfs makes four allocation groups, or groups of 1 TiB on a larger device. */
const xfsGroups = 4n;
const largestXfsGroup = TiB;

/** The regions of the format gate for a device of `size` bytes. */
export function gateRegions(size: Bytes, blankSizes: readonly Bytes[]): readonly Region[] {
  if (size <= 0n || size % unit !== 0n) {
    const rule = `the size of a device must be a positive multiple of ${unit} bytes`;
    throw failure("precondition", { cannot: "list the regions of the format gate", rule, got: size });
  }
  const spans = [...fixedSpans(size), ...[size, ...blankSizes].flatMap(endSpans)];
  return merge(clip(spans, size)).map(({ start, end }) => ({ offset: start, length: Number(end - start) }));
}

/** Places that do not depend on the size, up to `size`. */
function fixedSpans(size: Bytes): readonly Span[] {
  const spots = [...extBackups(size), ...btrfsMirrors];
  return [{ start: 0n, end: head }, ...spots.map(spot)];
}

/** Places that depend on the size. */
function endSpans(size: Bytes): readonly Span[] {
  const groups = Array.from({ length: Number(xfsGroups) - 1 }, (_, index) => (BigInt(index + 1) * size) / xfsGroups);
  const manyGroups: Bytes[] = [];
  if (size > xfsGroups * largestXfsGroup) {
    for (let at = largestXfsGroup; at < size; at += largestXfsGroup) manyGroups.push(at);
  }
  return [{ start: size - tail, end: size }, ...[...groups, ...manyGroups].map(spot)];
}

function spot(offset: Bytes): Span {
  return { start: offset, end: offset + KiB };
}

/** Offsets of the backup superblocks of ext2, ext3 and ext4 with `sparse_super`, for 1, 2 and 4 KiB blocks. */
function extBackups(size: Bytes): readonly Bytes[] {
  return [KiB, 2n * KiB, 4n * KiB].flatMap((block) => {
    const group = 8n * block * block;
    const firstDataBlock = block === KiB ? block : 0n;
    return sparseGroups((size - 1n) / group).map((index) => index * group + firstDataBlock);
  });
}

/** Group numbers up to `last` that hold a backup: 1 and the powers of 3, 5 and 7. */
function sparseGroups(last: bigint): readonly bigint[] {
  const groups: bigint[] = last >= 1n ? [1n] : [];
  for (const base of [3n, 5n, 7n]) {
    for (let power = base; power <= last; power *= base) groups.push(power);
  }
  return groups;
}

function clip(spans: readonly Span[], size: Bytes): readonly Span[] {
  return spans
    .map(({ start, end }) => ({ start: start < 0n ? 0n : start - (start % unit), end: roundUp(end) }))
    .map(({ start, end }) => ({ start, end: end > size ? size : end }))
    .filter(({ start, end }) => start < end);
}

function roundUp(offset: Bytes): Bytes {
  return ((offset + unit - 1n) / unit) * unit;
}

function merge(spans: readonly Span[]): readonly Span[] {
  const merged: Span[] = [];
  for (const span of spans.toSorted((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0))) {
    const last = merged.at(-1);
    if (last === undefined || span.start > last.end) merged.push(span);
    else if (span.end > last.end) merged[merged.length - 1] = { start: last.start, end: span.end };
  }
  return merged;
}
