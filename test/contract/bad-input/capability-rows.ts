/** What can be wrong with a volume capability, wherever it stands. */
import { missing, type Row } from "./row.ts";

const fits = "OK";
const modes =
  "must be SINGLE_NODE_WRITER or SINGLE_NODE_SINGLE_WRITER or SINGLE_NODE_MULTI_WRITER or SINGLE_NODE_READER_ONLY or " +
  "MULTI_NODE_READER_ONLY or MULTI_NODE_MULTI_WRITER";
const raw =
  "must not let several nodes write a file system: ask for raw block, share a snapshot's copy as ReadOnlyMany, " +
  "or put a file server on a ReadWriteOnce volume";
/** A raw device for several writers. */
export const amongWriters = { block: {}, access_mode: { mode: "MULTI_NODE_MULTI_WRITER" } };
const types = "must be ext4 or xfs or btrfs";

/**
 * `at` is the field of a valid mount capability; `refusal` is what the RPC answers when it cannot serve it, and `reading`
 * what it says to one for several readers.
 */
export function capabilityRows(
  at: string,
  refusal: Row[2] = "INVALID_ARGUMENT",
  reading: readonly [Row[2], RegExp?] = [fits],
): readonly Row[] {
  return [
    [`${at}.block`, missing, fits],
    [`${at}.block`, {}, refusal, /must be either mount or block; got \{.*"mount":.*\}$/],
    [`${at}.mount`, missing, refusal, /must have mount or block set; got \{.*\}$/],
    [`${at}.mount.fs_type`, missing, fits],
    [`${at}.mount.fs_type`, "ntfs", refusal, types],
    [`${at}.mount.fs_type`, "../ext4", refusal, types],
    [`${at}.mount.mount_flags`, missing, fits],
    [`${at}.mount.mount_flags`, ["bind"], refusal, /mount_flags for ext4 may hold only .*noatime.*; got "bind"$/],
    [`${at}.mount.mount_flags`, ["ro,loop"], refusal, /mount_flags for ext4 may hold only .*; got "ro"$/],
    [`${at}.mount.mount_flags`, ["inode64"], refusal, /mount_flags for ext4 may hold only .*; got "inode64"$/],
    [`${at}.mount.mount_flags`, [""], refusal, /mount_flags for ext4 may hold only .*; got ""$/],
    [`${at}.mount.volume_mount_group`, missing, fits],
    [`${at}.mount.volume_mount_group`, "1000", refusal, "must be empty: not supported"],
    [`${at}.access_mode`, missing, refusal, "must be set", null],
    [`${at}.access_mode.mode`, missing, refusal, modes, "UNKNOWN"],
    [`${at}.access_mode.mode`, "MULTI_NODE_SINGLE_WRITER", refusal, modes],
    [`${at}.access_mode.mode`, "MULTI_NODE_MULTI_WRITER", refusal, raw],
    [`${at}.access_mode.mode`, "MULTI_NODE_READER_ONLY", ...reading],
    [`${at}.access_mode.mode`, 99, refusal, modes],
  ];
}
