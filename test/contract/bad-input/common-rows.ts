/** What can be wrong with an id, a map or a capacity range, in whichever request it stands. */
import { missing, type Row } from "./row.ts";

export const bad = "INVALID_ARGUMENT";
export const unknown = "NOT_FOUND";
export const empty = "must not be empty";
export const noControls = "must not contain control characters";
export const any = { any: "thing" };

/** An id of the world's back end, of a volume that was never made. */
export const strange = `memory/v1-${"0".repeat(32)}`;
/** The same of a snapshot. */
export const strangeSnapshot = `memory/s1-${"0".repeat(32)}`;
/** The same of a group of snapshots. */
export const strangeGroup = `memory/g1-${"0".repeat(32)}`;

/** The id of something that must be there; `other` is one of the same kind, of another back end. */
const knownId = (field: string, noun: string, other: string): readonly Row[] => {
  const rule = new RegExp(`there is no ${noun} with that ${field}; got "[^"]+"$`);
  return [
    [field, missing, bad, empty, ""],
    [field, "a\u0000b", bad, noControls],
    [field, "../../etc/passwd", unknown, rule],
    [field, other.replace("memory", "nvmet"), unknown, rule],
  ];
};
/** The id of something of which nothing may be left: no such thing is success. */
const goneId = (field: string): readonly Row[] => [
  [field, missing, bad, empty, ""],
  [field, "a\u0000b", bad, noControls],
  [field, "a\u0085b", bad, noControls],
  [field, "../../etc/passwd", "OK"],
];

export const known = knownId("volume_id", "volume", strange);
export const knownSource = knownId("source_volume_id", "volume", strange);
export const knownSnapshot = [
  ...knownId("snapshot_id", "snapshot", strangeSnapshot),
  // A volume is no snapshot.
  ["snapshot_id", strange, unknown, /there is no snapshot with that snapshot_id; got "memory\/v1-0+"$/],
] as const satisfies readonly Row[];
export const gone = goneId("volume_id");
export const goneSnapshot = goneId("snapshot_id");

export const free = (field: string): readonly Row[] => [
  [field, missing, "OK"],
  [field, any, "OK"],
];

export const MiB = 1024 ** 2;
export const range = "capacity_range";
const largest = 64 * 1024 ** 4;

/** Ranges that are wrong for a new volume and for one of 1 GiB. */
export const rangeRows: readonly Row[] = [
  [`${range}.required_bytes`, missing, "OK"],
  [`${range}.required_bytes`, -1, bad, /capacity_range\.required_bytes must not be negative; got "?-1"?$/],
  [
    `${range}.required_bytes`,
    largest + 1,
    "OUT_OF_RANGE",
    /capacity_range\.required_bytes must .*; got .*70368744177665/,
  ],
  [`${range}.limit_bytes`, missing, "OK"],
  [`${range}.limit_bytes`, -1, bad, /capacity_range\.limit_bytes must not be negative; got "?-1"?$/],
  [`${range}.limit_bytes`, 319 * MiB, "OUT_OF_RANGE", /capacity_range\.limit_bytes must .*; got .*334495744/],
  [
    range,
    { required_bytes: 2, limit_bytes: 1 },
    bad,
    /capacity_range\.required_bytes must not exceed limit_bytes; got /,
  ],
];
