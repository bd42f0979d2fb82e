/** What can be wrong with the requests that make a volume larger: ControllerExpandVolume and NodeExpandVolume. */
import type { CsiMethodPath } from "../../../src/gen/csi-fields.ts";
import { capabilityRows } from "./capability-rows.ts";
import { bad, empty, free, known, MiB, noControls, range, rangeRows, strange, unknown } from "./common-rows.ts";
import { malformedPath } from "./path-rows.ts";
import { missing, type Row } from "./row.ts";

const notMounted = "must be where the volume is staged or published";
const shrinks = /limit_bytes must be at least 1073741824, the present size: a volume never shrinks; got .*1069547520/;
/** For a volume of 1 GiB. */
const growth: readonly Row[] = [
  ...rangeRows,
  [`${range}.limit_bytes`, 1020 * MiB, "OUT_OF_RANGE", shrinks],
  [
    range,
    { required_bytes: 1024 * MiB + 1, limit_bytes: 1024 * MiB + 2 },
    "OUT_OF_RANGE",
    /capacity_range\.limit_bytes must admit a multiple of 4194304 .*; got /,
  ],
];
const capability: readonly Row[] = [["volume_capability", missing, "OK"], ...capabilityRows("volume_capability")];

export const growthRows: Partial<Record<CsiMethodPath, readonly Row[]>> = {
  "/csi.v1.Controller/ControllerExpandVolume": [
    ...known,
    ["volume_id", strange, unknown, /there is no volume with that volume_id; got "[^"]+"$/],
    [range, missing, bad, "must be set", null],
    ...growth,
    [
      `${range}.required_bytes`,
      64 * 1024 ** 2 * MiB,
      "RESOURCE_EXHAUSTED",
      /cannot grow the volume: .*; got 70367670435840$/,
    ],
    ...capability,
    ...free("secrets"),
  ],
  "/csi.v1.Node/NodeExpandVolume": [
    ...known,
    ["volume_id", strange, unknown, /volume_path must be where the volume is staged or published; got "\/.*"$/],
    ["volume_path", missing, bad, empty, ""],
    ["volume_path", "/a\nb", bad, noControls],
    ["volume_path", "/a\u0000b", bad, noControls],
    ["volume_path", "relative/path", unknown, notMounted],
    ["volume_path", "-rf", unknown, notMounted],
    ["volume_path", "/", unknown, notMounted],
    ["volume_path", "/a/../b", unknown, notMounted],
    ["volume_path", "/dev/null", unknown, notMounted],
    [range, missing, "OK"],
    ...growth,
    // Its target has not grown.
    [
      `${range}.required_bytes`,
      2048 * MiB,
      "DEADLINE_EXCEEDED",
      /the device must have at least 2147483648 bytes; got 1073741824$/,
    ],
    ["staging_target_path", missing, "OK"],
    ...malformedPath("staging_target_path"),
    ...capability,
    ...free("secrets"),
  ],
};
