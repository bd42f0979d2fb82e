/** Waiting for the cluster to reach a state. */
import { poll } from "../../src/host/clock.ts";

/**
 * Asks until `probe` answers with something other than undefined; a probe that fails is asked again. When the signal
 * fires first, the error says what was waited for and what the last failure was.
 */
export async function waitFor<T>(what: string, probe: () => Promise<T | undefined>, signal: AbortSignal): Promise<T> {
  let trouble = "nothing";
  const patient = async () => {
    try {
      return await probe();
    } catch (error) {
      if (!signal.aborted) trouble = error instanceof Error ? error.message : String(error);
      return undefined;
    }
  };
  try {
    return await poll(patient, signal);
  } catch (cause) {
    throw new Error(`cannot wait longer: ${what}; got ${trouble}`, { cause });
  }
}
