/** The node side: services over this host's initiator and file systems, or over their in-memory doubles. */
import type { Backend } from "../backends/backend.ts";
import { MemoryBackend } from "../backends/memory/memory-backend.ts";
import { nodeService } from "../csi/node-service.ts";
import type { Rpcs } from "../csi/rpcs.ts";
import type { Nqn } from "../domain/identity.ts";
import type { Filesystem } from "../filesystem/index.ts";
import { KernelFilesystem } from "../filesystem/kernel-filesystem.ts";
import { MemoryFilesystem } from "../filesystem/memory-filesystem.ts";
import { KernelTargetPaths } from "../filesystem/target-paths.ts";
import type { Children } from "../host/child-pool.ts";
import { exec } from "../host/exec.ts";
import { assertNever } from "../lib/assert-never.ts";
import type { Initiator } from "../nvme/index.ts";
import { KernelInitiator } from "../nvme/kernel-initiator.ts";
import { MemoryInitiator } from "../nvme/memory-initiator.ts";
import { Expansion } from "../services/expansion.ts";
import { FilesystemStaging } from "../services/filesystem-staging.ts";
import { Publishing } from "../services/publishing.ts";
import { Staging } from "../services/staging.ts";
import { Stats } from "../services/stats.ts";
import type { NodeState } from "./node-state.ts";
import type { Settings } from "./settings.ts";

export interface NodeParts {
  readonly state: NodeState;
  readonly children: Children;
  /** The one in this process, if any: the in-memory initiator sees its exports. */
  readonly backend?: Backend;
}

export function nodeRpcs(config: Settings, parts: NodeParts): Rpcs<"csi.v1.Node"> {
  const { state } = parts;
  const { clusterId: cluster, maxVolumes, topology } = config;
  const host = { cluster, ...state, ...hostOf(config, parts), paths: new KernelTargetPaths() };
  const deps = { ...host, filesystems: new FilesystemStaging(host) };
  return nodeService({
    backend: config.backend,
    node: state.node,
    staging: new Staging(deps),
    publishing: new Publishing(deps),
    expansion: new Expansion(deps),
    stats: new Stats(deps),
    maxVolumes,
    ...(topology !== undefined && { topology }),
  });
}

function hostOf(
  config: Settings,
  { state: { undoDirectory }, children, backend }: NodeParts,
): { readonly initiator: Initiator; readonly filesystem: Filesystem } {
  switch (config.backend) {
    case "memory": {
      const exportOf = (nqn: Nqn) => (backend instanceof MemoryBackend ? backend.exportOf(nqn) : undefined);
      const initiator = new MemoryInitiator({ exportOf });
      return { initiator, filesystem: new MemoryFilesystem({ nodeOf: (name) => initiator.nodeOf(name) }) };
    }
    case "nvmet":
      return {
        initiator: new KernelInitiator({
          exec,
          ask: children.ask,
          timing: { reconnectDelay: config.reconnectDelay, keepAlive: config.keepAlive },
        }),
        filesystem: new KernelFilesystem({ exec, children, undoDirectory }),
      };
    default:
      return assertNever(config.backend);
  }
}
