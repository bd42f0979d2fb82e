/** CSI Identity: who this driver is and whether it can serve. */
import { driverName } from "../domain/identity.ts";
import type { GetPluginCapabilitiesResponse } from "../gen/csi/v1/GetPluginCapabilitiesResponse.ts";
import type { GetPluginInfoResponse } from "../gen/csi/v1/GetPluginInfoResponse.ts";
import type { ProbeResponse } from "../gen/csi/v1/ProbeResponse.ts";
import type { Call } from "./call.ts";
import { pluginCapabilities, type PluginAbilities } from "./capabilities.ts";
import type { Rpcs } from "./rpcs.ts";

export interface IdentityDeps {
  readonly version: string;
  /** Throws when requests cannot be served now. */
  readonly probe: (signal: AbortSignal) => Promise<void>;
  readonly abilities: PluginAbilities;
}

export function identityService({ version, probe, abilities }: IdentityDeps): Rpcs<"csi.v1.Identity"> {
  return {
    async GetPluginInfo(): Promise<GetPluginInfoResponse> {
      return await Promise.resolve({ name: driverName, vendor_version: version });
    },
    async GetPluginCapabilities(): Promise<GetPluginCapabilitiesResponse> {
      return await Promise.resolve(pluginCapabilities(abilities));
    },
    async Probe(_request: object, call: Call): Promise<ProbeResponse> {
      await probe(call.signal);
      return { ready: { value: true } };
    },
  };
}
