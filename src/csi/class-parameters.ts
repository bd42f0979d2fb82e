/** StorageClass parameters on the wire: an unknown name and a wrong value are issues with the key. */
import type * as z from "zod";
import { classParameters, classParameterValues } from "../domain/class-parameters.ts";
import { failure } from "../domain/errors.ts";
import { driverName } from "../domain/identity.ts";
import type { Capability, MultiWriter } from "../domain/model.ts";
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

const cannot = "use the StorageClass";

export function assertBackend(own: ClassParameters, served: string): void {
  if (own.backend === undefined || own.backend === served) return;
  const rule = `parameters.backend must be ${served}, which this ${driverName} controller serves`;
  throw failure("invalid_argument", { cannot, rule, got: own.backend });
}

interface Asked {
  readonly volume_capabilities: readonly Capability[];
  readonly parameters: ClassParameters;
}

/** Several writers are for a class that says so, or for a volume that was `made` for them. */
export function assertWriters({ volume_capabilities, parameters: own }: Asked, made: MultiWriter | undefined): void {
  const isAsked = own.multiWriter !== undefined || volume_capabilities.some(({ sharing }) => sharing === "writers");
  if (made !== undefined || !isAsked) return;
  const rule = "parameters.multiWriter must be block, or several nodes cannot write its volumes";
  throw failure("invalid_argument", { cannot, rule, got: "nothing" });
}

/** What the back end is asked for. */
export function poolOf({ pool }: ClassParameters): { readonly pool?: string } {
  return pool === undefined ? {} : { pool };
}
