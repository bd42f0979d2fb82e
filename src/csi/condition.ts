/** Health on the wire of CSI 1.12: VolumeCondition, an alpha field that a later CSI replaces by RPCs of their own. */
import type { Condition } from "../domain/model.ts";
import type { VolumeCondition } from "../gen/csi/v1/VolumeCondition.ts";

export function encodeCondition({ abnormal, message }: Condition): VolumeCondition {
  return { abnormal, message };
}
