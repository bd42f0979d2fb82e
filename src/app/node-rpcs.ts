/** The node side: services over this host's initiator and file systems, or over their in-memory doubles. */
import { join } from "node:path";
import type { Backend } from "../backends/backend.ts";
import { MemoryBackend } from "../backends/memory/memory-backend.ts";
import type { Config } from "../config/config.ts";
import { nodeService } from "../csi/node-service.ts";
import type { Rpcs } from "../csi/rpcs.ts";
import type { Nqn } from "../domain/identity.ts";
import type { Filesystem } from "../filesystem/index.ts";
import { KernelFilesystem } from "../filesystem/kernel-filesystem.ts";
import { MemoryFilesystem } from "../filesystem/memory-filesystem.ts";
import { KernelTargetPaths } from "../filesystem/target-paths.ts";
import { exec } from "../host/exec.ts";
import { ensureDirectories } from "../host/files.ts";
import { assertNever } from "../lib/assert-never.ts";
import { FileJournal } from "../node-journal/file-journal.ts";
import { ensureNodeIdentity } from "../node-journal/node-identity.ts";
import type { Initiator } from "../nvme/index.ts";
import { KernelInitiator } from "../nvme/kernel-initiator.ts";
import { MemoryInitiator } from "../nvme/memory-initiator.ts";
import { Publishing } from "../services/publishing.ts";
import { Staging } from "../services/staging.ts";

/** `backend` is the one in this process, if any: the in-memory initiator sees its exports. */
export async function nodeRpcs(config: Config, backend: Backend | undefined): Promise<Rpcs<"csi.v1.Node">> {
  const directory = join(config.stateDir, "node");
  const journalDirectory = join(directory, "journal");
  await ensureDirectories(journalDirectory);
  const node = await ensureNodeIdentity(directory, config.nodeName);
  const journal = new FileJournal(journalDirectory);
  const paths = new KernelTargetPaths();
  const deps = { cluster: config.clusterId, node, ...hostOf(config, backend), paths, journal };
  const { maxVolumes } = config;
  return nodeService({ node, staging: new Staging(deps), publishing: new Publishing(deps), maxVolumes });
}

function hostOf(
  config: Config,
  backend: Backend | undefined,
): { readonly initiator: Initiator; readonly filesystem: Filesystem } {
  switch (config.backend) {
    case "memory": {
      const exportOf = (nqn: Nqn) => (backend instanceof MemoryBackend ? backend.exportOf(nqn) : undefined);
      return { initiator: new MemoryInitiator({ exportOf }), filesystem: new MemoryFilesystem() };
    }
    case "nvmet":
      return {
        initiator: new KernelInitiator({
          exec,
          timing: { reconnectDelay: config.reconnectDelay, keepAlive: config.keepAlive },
        }),
        filesystem: new KernelFilesystem({ exec }),
      };
    default:
      return assertNever(config.backend);
  }
}
