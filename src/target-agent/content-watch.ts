/**
 * Looks at every published volume that is blank so far, every 30 s, until it has seen content: what was formatted on a
 * node is then known here even if the node never comes back (DESIGN 5.1 a).
 */
import { sleep } from "../host/clock.ts";
import type { TargetAgent } from "./target-agent.ts";

const intervalMs = 30_000;

/** Runs until the signal fires, then rejects with its reason. */
export async function watchContent(agent: TargetAgent, signal: AbortSignal): Promise<never> {
  for (;;) {
    await sleep(intervalMs, signal);
    for (const record of agent.records()) {
      const isOpen = record.content.state === "blank" && record.publications.length > 0;
      if (isOpen) await agent.lookAt(record.id, signal);
    }
  }
}
