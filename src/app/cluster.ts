/**
 * Which cluster this process serves. Under Kubernetes the API server says so once; then the state directory remembers
 * it, so that a machine that boots before its control plane exports its volumes all the same.
 */
import { join } from "node:path";
import * as z from "zod";
import type { Config } from "../config/config.ts";
import { failure, messageOf } from "../domain/errors.ts";
import type { ClusterId } from "../domain/identity.ts";
import { parseStored } from "../domain/stored-record.ts";
import { sleep, withTimeout } from "../host/clock.ts";
import { ensureDirectories, readText, writeDurable } from "../host/files.ts";
import type { Cluster } from "../kubernetes/index.ts";
import type { Logger } from "../observability/logger.ts";

const known = 1;
const schema = z.strictObject({ schema: z.literal(known), clusterId: z.string().min(1) });
const askMs = 5000;
const againMs = 5000;

/** The configured id, else the cluster's own; waits for the API server only where nothing was remembered. */
export async function clusterIdOf(
  { clusterId, stateDir }: Pick<Config, "clusterId" | "stateDir">,
  cluster: Pick<Cluster, "id"> | undefined,
  { logger, signal }: { readonly logger: Logger; readonly signal: AbortSignal },
): Promise<ClusterId> {
  if (clusterId !== undefined) return clusterId;
  if (cluster === undefined) throw new Error("BUG: neither a cluster id nor a cluster");
  const file = fileIn(stateDir);
  const remembered = await rememberedCluster(stateDir);
  const ask = async () =>
    cluster.id(withTimeout(signal, askMs)).catch((error: unknown) => {
      signal.throwIfAborted();
      logger.warn({ reason: messageOf(error) }, "cannot learn the cluster's id");
      return undefined;
    });
  let actual = await ask();
  while (remembered === undefined && actual === undefined) {
    await sleep(againMs, signal);
    actual = await ask();
  }
  if (actual !== undefined && remembered !== undefined && actual !== remembered) {
    const rule = `${file} says that this machine serves cluster ${remembered}`;
    throw failure("precondition", { cannot: "start", rule, got: actual });
  }
  if (remembered !== undefined) return remembered;
  if (actual === undefined) throw new Error("BUG: no cluster id after all");
  await remember(file, stateDir, actual);
  return actual;
}

function fileIn(stateDir: string): string {
  return join(stateDir, "cluster.json");
}

/** The cluster that this machine served last, where the API server has named it. */
export async function rememberedCluster(stateDir: string): Promise<ClusterId | undefined> {
  const file = fileIn(stateDir);
  const text = await readText(file);
  return text === undefined ? undefined : (parseStored(file, text, { known, schema }).clusterId as ClusterId);
}

async function remember(file: string, stateDir: string, clusterId: ClusterId): Promise<void> {
  await ensureDirectories(stateDir);
  await writeDurable(file, `${JSON.stringify({ schema: known, clusterId })}\n`);
}
