/** StorageClass parameters on the wire: an unknown name and a wrong value are issues with the key. */
import type * as z from "zod";
import { classParameters, classParameterValues } from "../domain/class-parameters.ts";
import { ownEntries } from "./decode.ts";

/** Keys that belong to the provisioner and the snapshotter, not to the driver. */
export const sidecarPrefix = "csi.storage.k8s.io/";
const names = classParameters.map(({ name }) => name);

function faultOf(name: string): string | undefined {
  return names.includes(name) ? undefined : `is no parameter of this driver; it knows ${names.join(", ")}`;
}

/** Parameters as they come from the provisioner. */
export const parameters = ownEntries((key) => !key.startsWith(sidecarPrefix), faultOf).pipe(classParameterValues);
export type ClassParameters = z.output<typeof parameters>;
