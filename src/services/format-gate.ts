/**
 * The format gate (DESIGN 5.1, R1): the one decision whether mkfs may run, as a pure function over evidence.
 *
 * M1  mkfs only if all hold: (a) the target says the volume is blank; (b) the caller verified the device's identity;
 *     (c) every region of the gate was read and is zero; (d) blkid recognises nothing; (e) this node did not format the
 *     volume under this epoch before. Or if the device bears a valid format intent of the volume: then a mkfs was begun
 *     under all these conditions, and nobody has used the device since.
 * M2  What could not be read is never "empty": the answer is "ask again".
 * M3  A file system of the requested type is mounted, whatever else is known: mounting destroys nothing.
 */
import type { Content, FilesystemType } from "../domain/model.ts";
import type { Evidence } from "../filesystem/index.ts";

export interface GateInput {
  readonly requested: FilesystemType;
  /** (a) As of the publish; the device may hold more by now, never less. */
  readonly content: Content;
  /** (c) and (d), and format intents. */
  readonly evidence: Evidence;
  /** (e) */
  readonly formattedInThisEpoch: boolean;
}

export type GateDecision =
  | { readonly action: "format" }
  | { readonly action: "mount" }
  /** The device holds, or has lost, something: nothing may be written. */
  | { readonly action: "refuse"; readonly reason: string }
  /** Nothing is known: a later attempt may know more. */
  | { readonly action: "retry"; readonly reason: string };

export function decideFormat({ requested, content, evidence, formattedInThisEpoch }: GateInput): GateDecision {
  if (evidence.kind === "unreadable") return { action: "retry", reason: evidence.reason };
  const { signature, firstNonZero, intents } = evidence;
  if (intents.length > 0) return { action: "format" };
  if (signature?.type === requested) return { action: "mount" };
  if (signature !== undefined) return refuse(`the device holds ${signature.type}, not ${requested}`);
  if (firstNonZero !== undefined) {
    return refuse(`the device holds data that nothing recognises, at byte ${firstNonZero}`);
  }
  if (content.state === "present") {
    return refuse(lossOf(content.type));
  }
  if (formattedInThisEpoch) {
    return refuse("this node used the volume under this publication, and its device reads as blank: its data is lost");
  }
  return { action: "format" };
}

function lossOf(type: string): string {
  return type === "unknown"
    ? "the target has seen data on the volume, though none where a file system begins"
    : `the volume held ${type} and its device reads as blank: its data is lost`;
}

function refuse(reason: string): GateDecision {
  return { action: "refuse", reason };
}
