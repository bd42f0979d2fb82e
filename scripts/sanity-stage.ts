/** One run of csi-sanity as a stage of a long command. */
import { runSanity, type SanityCase } from "../test/sanity/run-sanity.ts";
import type { Stage } from "./stages.ts";

export function sanity(options: SanityCase): Stage {
  return {
    name: `csi-sanity ${options.backend}, ${options.access}`,
    run: async (signal) => runSanity(options, signal),
  };
}
