import type { Config } from "../config/config.ts";
import type { ClusterId } from "../domain/identity.ts";

/** A configuration whose cluster is known. */
export type Settings = Config & { readonly clusterId: ClusterId };
