/**
 * Looks at every published volume that is blank so far, every 30 s, until it has seen content: what was formatted on a
 * node is then known here even if the node never comes back (DESIGN 5.1 a).
 */
import { sleep } from "../host/clock.ts";
import type { TargetAgent } from "./target-agent.ts";

const intervalMs = 30_000;

/** Runs until the signal fires. A round that fails is told to `onError`; the next one comes all the same. */
export async function watchContent(
  agent: TargetAgent,
  { signal, onError }: { readonly signal: AbortSignal; readonly onError: (error: unknown) => void },
): Promise<void> {
  for (;;) {
    try {
      await sleep(intervalMs, signal);
      await lookOnce(agent, signal);
    } catch (error) {
      if (signal.aborted) return;
      onError(error);
    }
  }
}

async function lookOnce(agent: TargetAgent, signal: AbortSignal): Promise<void> {
  for (const record of agent.records()) {
    const isOpen = record.content.state === "blank" && record.publications.length > 0;
    if (isOpen) await agent.lookAt(record.id, signal);
  }
}
