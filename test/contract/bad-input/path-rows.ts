/** What can be wrong with a path. */
import { bad, empty, noControls } from "./common-rows.ts";
import { missing, type Row } from "./row.ts";

const normalized = "must be a normalized path";

export const malformedPath = (field: string): readonly Row[] => [
  [field, "relative/path", bad, "must be an absolute path"],
  [field, "-rf", bad, "must be an absolute path"],
  [field, "/", bad, normalized],
  [field, "/a/../b", bad, normalized],
  [field, "/a//b", bad, normalized],
  [field, "/a/./b", bad, normalized],
  [field, "/a/", bad, normalized],
  [field, "/a\nb", bad, noControls],
  [field, "/a\u0000b", bad, noControls],
];

/** Of a path that must be given. */
export const pathRows = (field: string): readonly Row[] => [[field, missing, bad, empty, ""], ...malformedPath(field)];
