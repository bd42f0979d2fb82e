/**
 * The parameters of a StorageClass: what each may be, what it is when it is not given, and what it is for. What the
 * driver takes, what it refuses, docs/storage-class.md and the chart's schema all come from here.
 *
 * M1  A default is written down like any other value: a newer mkfs with other defaults makes no other file systems.
 * M2  No value moves what the format gate reads (gate-regions.ts) or reaches the format intent's place (V39, V44).
 */
import * as z from "zod";

/** Names of pools. */
export const poolNamePattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
export const poolNameRule = "1 to 63 of a-z, 0-9 and -, with no - at either end";

/** What a class may choose about file systems that are to be made, for each type. */
export interface MkfsOptions {
  readonly ext4: { readonly reservedPercent: number; readonly bytesPerInode: number };
  readonly xfs: { readonly maxInodePercent: number };
  readonly btrfs: { readonly metadataProfile: string; readonly nodeSize: number; readonly checksum: string };
}

export interface ClassParameter {
  readonly name: string;
  /** What a value must be, in words that follow "must be". */
  readonly allowed: string;
  /** What holds when the parameter is not given. */
  readonly fallback: string;
  readonly description: string;
}

type About = Omit<ClassParameter, "name">;
const explained = z.registry<About>();

/** A text that `read` understands, or an issue that says what it must be. */
function parameter<T>(about: About, read: (text: string) => T | undefined) {
  const schema = z.string().transform((text, context) => {
    const value = read(text);
    if (value !== undefined) return value;
    context.addIssue({ code: "custom", message: `must be ${about.allowed}` });
    return z.NEVER;
  });
  return schema.prefault(about.fallback).register(explained, about);
}

interface Numbers {
  readonly from: number;
  readonly to: number;
  readonly fallback: number;
  readonly description: string;
}

/** One way to write each number: no sign, no leading zero, no exponent. */
function readNumber(text: string, { from, to }: Numbers): number | undefined {
  const number = /^(?:0|[1-9]\d{0,8})$/.test(text) ? Number(text) : undefined;
  return number !== undefined && number >= from && number <= to ? number : undefined;
}

function wholeNumber(limits: Numbers) {
  const { from, to, fallback, description } = limits;
  const about = { allowed: `a whole number from ${from} to ${to}`, fallback: String(fallback), description };
  return parameter(about, (text) => readNumber(text, limits));
}

function powerOfTwo(limits: Numbers) {
  const { from, to, fallback, description } = limits;
  const about = { allowed: `a power of two from ${from} to ${to}`, fallback: String(fallback), description };
  return parameter(about, (text) => {
    const number = readNumber(text, limits);
    return number !== undefined && Number.isInteger(Math.log2(number)) ? number : undefined;
  });
}

/** The first one is the default. */
function oneOf(choices: readonly [string, ...string[]], description: string) {
  const allowed = `${choices.slice(0, -1).join(", ")} or ${choices.at(-1) ?? ""}`;
  return parameter({ allowed, fallback: choices[0], description }, (text) => choices.find((choice) => choice === text));
}

const mkfsShape = {
  "ext4.reservedPercent": wholeNumber({
    from: 0,
    to: 50,
    fallback: 0,
    description: "percent of the blocks that only root may use (`mkfs.ext4 -m`)",
  }),
  // M2: with 4096, mkfs.ext4 makes smaller block groups at some sizes, and their spare superblocks lie elsewhere.
  "ext4.bytesPerInode": powerOfTwo({
    from: 8192,
    to: 4_194_304,
    fallback: 16_384,
    description: "one inode for so many bytes: fewer bytes, more files (`mkfs.ext4 -i`)",
  }),
  "xfs.maxInodePercent": wholeNumber({
    from: 1,
    to: 100,
    fallback: 25,
    description: "percent of the space that inodes may take (`mkfs.xfs -i maxpct=`)",
  }),
  "btrfs.metadataProfile": oneOf(["dup", "single"], "copies of the metadata: two or one (`mkfs.btrfs -m`)"),
  "btrfs.nodeSize": oneOf(["16384", "32768", "65536"], "bytes of a metadata block (`mkfs.btrfs -n`)"),
  "btrfs.checksum": oneOf(
    ["crc32c", "xxhash", "sha256", "blake2"],
    "checksum of data and metadata (`mkfs.btrfs --csum`)",
  ),
};
const backend = z.string().exactOptional().register(explained, {
  allowed: "the back end that the driver serves",
  fallback: "that back end",
  description: "where volumes are made; a class with the name of another back end is refused",
});

const pool = z.string().regex(poolNamePattern, `must be ${poolNameRule}`).exactOptional().register(explained, {
  allowed: "the name of a pool of the target",
  fallback: "the fullest pool that the volume fits in",
  description: "where on the target volumes are made; a copy is made in the pool of its source",
});
const multiWriter = z.literal("block", "must be block").exactOptional().register(explained, {
  allowed: "block",
  fallback: "one node at a time writes",
  description: "`block`: several nodes may write a volume, as raw block and as nothing else",
});

function groups(flat: z.output<z.ZodObject<typeof mkfsShape>>): MkfsOptions {
  return {
    ext4: { reservedPercent: flat["ext4.reservedPercent"], bytesPerInode: flat["ext4.bytesPerInode"] },
    xfs: { maxInodePercent: flat["xfs.maxInodePercent"] },
    btrfs: {
      metadataProfile: flat["btrfs.metadataProfile"],
      nodeSize: Number(flat["btrfs.nodeSize"]),
      checksum: flat["btrfs.checksum"],
    },
  };
}

/** Reads the parameters for mkfs from a map of texts; other keys are the caller's business. */
export const mkfsOptions = z.object(mkfsShape).transform(groups);
export const defaultMkfsOptions = mkfsOptions.parse({});

/** Reads all parameters; other keys are the caller's business. */
export const classParameterValues = z
  .object({ backend, pool, multiWriter, ...mkfsShape })
  .transform(({ backend: name, pool: place, multiWriter: writers, ...flat }) => ({
    ...(name !== undefined && { backend: name }),
    ...(place !== undefined && { pool: place }),
    ...(writers !== undefined && { multiWriter: writers }),
    mkfs: groups(flat),
  }));

function explain(shape: Readonly<Record<string, z.ZodType>>): readonly ClassParameter[] {
  return Object.entries(shape).map(([name, schema]) => {
    const about = explained.get(schema);
    if (about === undefined) throw new Error(`BUG: nothing explains the parameter ${name}`);
    return { name, ...about };
  });
}

export const mkfsParameters = explain(mkfsShape);
export const classParameters = [...explain({ backend, pool, multiWriter }), ...mkfsParameters];
