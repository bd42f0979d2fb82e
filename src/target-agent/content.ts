/**
 * What a volume's record learns from a reading of its backing store (DESIGN 5.1 a).
 *
 * C1  Content is never forgotten: a blank reading after content is noted as a loss and changes nothing else.
 */
import type { Content } from "../domain/model.ts";
import type { VolumeRecord } from "./volume-record.ts";

/** The record with what was seen; the same object when there is nothing new. */
export function observeContent(record: VolumeRecord, seen: Content, now: Date): VolumeRecord {
  if (seen.state === "blank") {
    const isLoss = record.content.state === "present" && record.lossSeenAt === undefined;
    return isLoss ? { ...record, lossSeenAt: now.toISOString() } : record;
  }
  const { lossSeenAt: _healed, ...rest } = record;
  const { content } = record;
  const isKnown = content.state === "present" && content.type === seen.type && content.uuid === seen.uuid;
  if (isKnown) return record.lossSeenAt === undefined ? record : rest;
  // A reading in the middle of a write may not name what was named before: the name is kept.
  if (content.state === "present" && seen.type === "unknown") return record;
  return { ...rest, content: seen };
}
