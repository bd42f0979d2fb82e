/**
 * Sizes of volumes: bigint bytes everywhere, the same rule on every back end, so that a volume can move between them
 * and two readers of one record never disagree.
 *
 * C1  A size is a multiple of 4 MiB and at least 320 MiB: a block at size - 3 MiB survives every mkfs, and no ext4
 *     backup superblock lies there (V39, V44).
 * C2  A size is rounded up from what is required and never exceeds the limit.
 */
import { failure } from "./errors.ts";

/** Bytes. */
export type Bytes = bigint;

export const MiB = 1024n * 1024n;
export const GiB = 1024n * MiB;
export const TiB = 1024n * GiB;

/** C1. */
export const sizeStep: Bytes = 4n * MiB;
export const smallestSize: Bytes = 320n * MiB;
export const largestSize: Bytes = 64n * TiB;
export const defaultSize: Bytes = GiB;

/** A CSI capacity range; 0 or absence means "not given". */
export interface CapacityRange {
  readonly required?: Bytes;
  readonly limit?: Bytes;
}

export function roundUpToStep(size: Bytes): Bytes {
  return ((size + sizeStep - 1n) / sizeStep) * sizeStep;
}

/** The largest size that a volume in `space` bytes can have; 0 when none fits. */
export function largestWithin(space: Bytes): Bytes {
  const whole = space - (space % sizeStep);
  if (whole < smallestSize) return 0n;
  return whole > largestSize ? largestSize : whole;
}

/**
 * The size of a new volume for a range, or an out_of_range error that says which bound does not hold. A copy has at least
 * the size of its source, and exactly that one where nothing is required.
 */
export function chooseSize(range: CapacityRange, source?: Bytes): Bytes {
  assertRange(range);
  const { required = 0n, limit = 0n } = range;
  if (source === undefined) return within(range, required > 0n ? required : defaultWithin(limit));
  if (limit === 0n || source <= limit) return within(range, required > source ? required : source);
  const rule = `capacity_range.limit_bytes must be at least ${source}, the size of the source`;
  throw failure("out_of_range", { cannot: "choose a size", rule, got: range });
}

/** The size that an existing volume grows to for a range; it never shrinks. */
export function chooseGrowth(range: CapacityRange, present: Bytes): Bytes {
  assertRange(range);
  const { required = 0n, limit = 0n } = range;
  if (limit > 0n && present > limit) {
    const rule = `capacity_range.limit_bytes must be at least ${present}, the present size: a volume never shrinks`;
    throw failure("out_of_range", { cannot: "grow the volume", rule, got: range });
  }
  return required <= present ? present : within(range, required);
}

/** The smallest size from `least` on that a volume may have within a range. */
function within(range: CapacityRange, least: Bytes): Bytes {
  const cannot = "choose a size";
  const size = roundUpToStep(atLeastSmallest(least));
  const { limit = 0n } = range;
  if (size > largestSize) {
    const rule = `capacity_range.required_bytes must not exceed ${largestSize}, the size of the largest volume`;
    throw failure("out_of_range", { cannot, rule, got: range });
  }
  if (limit > 0n && size > limit) {
    const rule = `capacity_range.limit_bytes must admit a multiple of ${sizeStep} from ${smallestSize} on`;
    throw failure("out_of_range", { cannot, rule, got: range });
  }
  return size;
}

function assertRange({ required = 0n, limit = 0n }: CapacityRange): void {
  const cannot = "choose a size";
  for (const [field, got] of [
    ["required_bytes", required],
    ["limit_bytes", limit],
  ] as const) {
    if (got >= 0n) continue;
    throw failure("invalid_argument", { cannot, rule: `capacity_range.${field} must not be negative`, got });
  }
  if (limit === 0n || required <= limit) return;
  const rule = "capacity_range.required_bytes must not exceed limit_bytes";
  throw failure("invalid_argument", { cannot, rule, got: { required, limit } });
}

function atLeastSmallest(size: Bytes): Bytes {
  return size < smallestSize ? smallestSize : size;
}

/** The default size, or the largest smaller one that the limit admits. */
function defaultWithin(limit: Bytes): Bytes {
  return limit === 0n || limit >= defaultSize ? defaultSize : atLeastSmallest(limit - (limit % sizeStep));
}

/** Whether an existing volume satisfies a range. */
export function satisfies(size: Bytes, { required = 0n, limit = 0n }: CapacityRange): boolean {
  return size >= required && (limit === 0n || size <= limit);
}
