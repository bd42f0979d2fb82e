/**
 * The volume_context: what CreateVolume tells NodeStageVolume about a volume, as a map of short texts. Kubernetes keeps
 * it in the PersistentVolume, and who writes one by hand can put anything there, so it is read as strictly as a class.
 *
 *   schema "1" · the class parameters for mkfs that were given, by their names
 *
 * It is empty when the class gives nothing to mkfs. A map without schema is read as one of schema 1: a person who writes
 * a PersistentVolume need not know it. A newer schema is refused with both versions named.
 */
import { mkfsOptions, mkfsParameters } from "../domain/class-parameters.ts";
import { ownEntries } from "./decode.ts";

const schema = "1";
const mkfsNames = mkfsParameters.map(({ name }) => name);

/** From the parameters of a CreateVolume that were decoded before. */
export function encodeVolumeContext(parameters: Readonly<Record<string, string>>): Record<string, string> {
  const given = Object.entries(parameters).filter(([name]) => mkfsNames.includes(name));
  return given.length === 0 ? {} : { schema, ...Object.fromEntries(given) };
}

/** A key with a slash is another party's, such as storage.kubernetes.io/csiProvisionerIdentity. */
function isOwn(key: string): boolean {
  return !key.includes("/");
}

function faultOf(key: string, value: string): string | undefined {
  if (key === "schema") return value === schema ? undefined : `must be ${schema}, the version this driver reads`;
  if (mkfsNames.includes(key)) return undefined;
  return `is no key that this driver writes; it knows schema, ${mkfsNames.join(", ")}`;
}

/** The options for mkfs in a volume_context, whoever wrote it. */
export const volumeContext = ownEntries(isOwn, faultOf).pipe(mkfsOptions);
