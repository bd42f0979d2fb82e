/** A volume as the rest of the driver sees it, from its record. */
import type { Condition, Volume } from "../domain/model.ts";
import type { Segments } from "../domain/topology.ts";
import type { VolumeRecord } from "./volume-record.ts";

export function volumeOf(
  record: VolumeRecord,
  { fault, place = {} }: { readonly fault?: string | undefined; readonly place?: Segments | undefined } = {},
): Volume {
  const { id, name, size, source, multiWriter, content, publications } = record;
  const made = { ...(source !== undefined && { source }), ...(multiWriter !== undefined && { multiWriter }) };
  const where = Object.keys(place).length > 0 ? { place } : {};
  return { id, name, size, ...made, ...where, content, publications, condition: conditionOf(record, fault) };
}

function conditionOf({ lossSeenAt, content, publications }: VolumeRecord, fault: string | undefined): Condition {
  if (fault !== undefined) return { abnormal: true, message: fault };
  if (lossSeenAt !== undefined) {
    const held = content.state === "present" ? content.type : "data";
    return { abnormal: true, message: `its backing store held ${held} and read as blank at ${lossSeenAt}` };
  }
  return { abnormal: false, message: publications.length > 0 ? "published" : "not published" };
}
