/** The file systems by type: a new type does not compile without its entry. */
import type { FilesystemType } from "../domain/model.ts";
import { btrfs } from "./btrfs.ts";
import { ext4 } from "./ext4.ts";
import type { FilesystemKind } from "./filesystem-kind.ts";
import { xfs } from "./xfs.ts";

export const kinds: Readonly<Record<FilesystemType, FilesystemKind>> = { ext4, xfs, btrfs };
