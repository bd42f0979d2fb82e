/** StorageClass parameters on the wire: an unknown name and a wrong value are issues with the key. */
import type { z } from "zod";
import { classParameters, classParameterValues } from "../domain/class-parameters.ts";
import { stringMap } from "./decode.ts";

/** Keys that belong to the provisioner, not to the driver. */
const provisionerPrefix = "csi.storage.k8s.io/";
const names = classParameters.map(({ name }) => name);

/** Parameters as they come from the provisioner. */
export const parameters = stringMap
  .transform((map, context): unknown => {
    const own = Object.entries(map).filter(([key]) => !key.startsWith(provisionerPrefix));
    for (const [key] of own.filter(([key]) => !names.includes(key))) {
      const message = `is no parameter of this driver; it knows ${names.join(", ")}`;
      context.addIssue({ code: "custom", message, path: [key] });
    }
    return Object.fromEntries(own);
  })
  .pipe(classParameterValues);
export type ClassParameters = z.output<typeof parameters>;
