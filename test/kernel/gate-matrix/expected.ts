/**
 * What a stage must do with every device, by what a person would say of it. The tables are written out: they do not use
 * the gate's code.
 */
import type { Content, DamageName } from "./device-states.ts";

export const requests = ["ext4", "xfs", "btrfs", "block"] as const;
export type Request = (typeof requests)[number];
/** What the context says that the target has seen; `none` is a context that says nothing. */
export const records = ["blank", "content", "none"] as const;
export type Record_ = (typeof records)[number];

export interface Cell {
  readonly content: Content;
  readonly damage: DamageName;
  readonly request: Request;
  readonly record: Record_;
}

export type Outcome =
  | { readonly kind: "formatted" | "mounted" | "connected" }
  | {
      readonly kind: "refused";
      readonly code: "DEADLINE_EXCEEDED" | "FAILED_PRECONDITION" | "INVALID_ARGUMENT" | "UNAVAILABLE";
      readonly reason: RegExp;
      /** A check of what was to be mounted may note what it found. */
      readonly mayNote?: true;
    };

/** What can be told of a device that reads: what blkid calls it, or `data` that has no name, or nothing. */
type Sight = string;

type ReadableDamage = Exclude<DamageName, "unreadable head" | "unreadable middle" | "wrong uuid" | "wrong size">;

type Sights = Readonly<Record<ReadableDamage, Sight>>;

/** Spare superblocks lie between the first and the last 2 MiB, and nothing in the last ones. */
function filesystem(type: string): Sights {
  return { whole: type, "head only": type, "tail only": "nothing", "backup only": "data", "short device": type };
}

/** All there is lies in the first 2 MiB. */
function header(type: string): Sights {
  return { whole: type, "head only": type, "tail only": "nothing", "backup only": "nothing", "short device": type };
}

function everywhere(sight: Sight): Sights {
  return { whole: sight, "head only": sight, "tail only": sight, "backup only": sight, "short device": sight };
}

const sights: Readonly<Record<Content, Sights>> = {
  ext4: filesystem("ext4"),
  xfs: filesystem("xfs"),
  btrfs: filesystem("btrfs"),
  lvm: header("LVM2_member"),
  // The spare table is at the very end; without it blkid knows what is left by the MBR that protects a GPT.
  gpt: { ...header("gpt"), "tail only": "data", "short device": "PMBR" },
  mbr: header("dos"),
  luks: header("crypto_LUKS"),
  swap: header("swap"),
  random: everywhere("data"),
  zero: everywhere("nothing"),
};

function refused(code: Extract<Outcome, { kind: "refused" }>["code"], reason: RegExp): Outcome {
  return { kind: "refused", code, reason };
}

export function expectedOf({ content, damage, request, record }: Cell): Outcome {
  if (record === "none") return refused("INVALID_ARGUMENT", /publish_context\.content must be/);
  if (damage === "wrong uuid") return refused("FAILED_PRECONDITION", /its namespace must have uuid/);
  if (damage === "wrong size") return refused("DEADLINE_EXCEEDED", /bytes/);
  if (request === "block") return { kind: "connected" };
  // Reading ends at the first byte that is not zero: what lies behind it changes nothing.
  if (damage === "unreadable head" || (damage === "unreadable middle" && content === "zero")) {
    return refused("UNAVAILABLE", /must be readable: EIO/);
  }
  const isWhole = damage === "whole" || damage === "unreadable middle";
  const sight = sights[content][isWhole ? "whole" : damage];
  if (sight === request) return isWhole ? { kind: "mounted" } : damagedFilesystem;
  if (sight === "data") return refused("FAILED_PRECONDITION", /data that nothing recognises, at byte \d+$/);
  if (sight !== "nothing") return refused("FAILED_PRECONDITION", new RegExp(`holds ${sight}, not ${request}$`));
  return record === "blank"
    ? { kind: "formatted" }
    : refused("FAILED_PRECONDITION", /its data is lost|none where a file/);
}

const damagedFilesystem: Outcome = {
  kind: "refused",
  code: "FAILED_PRECONDITION",
  reason: /needs a repair by a person/,
  mayNote: true,
};
