/** CSI Node: decode, one service call, encode. */
import * as z from "zod";
import { failure } from "../domain/errors.ts";
import type { NodeIdentity } from "../domain/model.ts";
import type { Segments } from "../domain/topology.ts";
import type { Expansion } from "../services/expansion.ts";
import type { Publishing } from "../services/publishing.ts";
import type { Staging } from "../services/staging.ts";
import type { Stats, VolumeStats } from "../services/stats.ts";
import { nodeCapabilities } from "./capabilities.ts";
import { encodeCondition } from "./condition.ts";
import {
  absolutePath,
  capability,
  capacityRange,
  decode,
  optionalPath,
  required,
  requiredCapability,
  stringMap,
} from "./decode.ts";
import { decodeAttachment } from "./publish-context.ts";
import type { Rpcs } from "./rpcs.ts";
import { encodeTopology } from "./topology.ts";
import { volumeContext } from "./volume-context.ts";
import { parseHandleOf, volumeOf } from "./volume-handle.ts";

export interface NodeDeps {
  /** Name of the back end, the first part of volume ids. */
  readonly backend: string;
  readonly node: NodeIdentity;
  readonly staging: Staging;
  readonly publishing: Publishing;
  readonly expansion: Expansion;
  readonly stats: Stats;
  /** 0 = no limit. */
  readonly maxVolumes: number;
  /** Where this node is. */
  readonly topology?: Segments;
}

const stageRequest = z.object({
  volume_id: required,
  publish_context: stringMap,
  staging_target_path: absolutePath,
  volume_capability: requiredCapability,
  volume_context: volumeContext,
});
const unstageRequest = z.object({ volume_id: required, staging_target_path: absolutePath });
const publishRequest = z.object({
  volume_id: required,
  staging_target_path: optionalPath,
  target_path: absolutePath,
  volume_capability: requiredCapability,
  readonly: z.boolean(),
});
const unpublishRequest = z.object({ volume_id: required, target_path: absolutePath });
// A path that is not absolute is one where nothing is mounted: not found, as csi-sanity expects.
const statsRequest = z.object({
  volume_id: required,
  volume_path: required,
  staging_target_path: optionalPath,
});

const expandRequest = z.object({
  volume_id: required,
  volume_path: required,
  staging_target_path: optionalPath,
  capacity_range: capacityRange,
  volume_capability: capability.nullable(),
});

export function nodeService(deps: NodeDeps): Rpcs<"csi.v1.Node"> {
  return { ...stageRpcs(deps), ...publishRpcs(deps), ...expandRpcs(deps), ...queryRpcs(deps) };
}

function expandRpcs({ backend, expansion }: NodeDeps): Rpcs<"csi.v1.Node"> {
  return {
    async NodeExpandVolume(request, { method, signal }) {
      const { volume_id, volume_path: path, capacity_range: capacity } = decode(method, expandRequest, request);
      const size = await expansion.expand({ volume: volumeOf(backend, volume_id), path, capacity }, signal);
      return { capacity_bytes: String(size) };
    },
  };
}

function stageRpcs({ backend, staging }: NodeDeps): Rpcs<"csi.v1.Node"> {
  return {
    async NodeStageVolume(request, { method, signal, note }) {
      const fields = decode(method, stageRequest, request);
      const staged = {
        volume: volumeOf(backend, fields.volume_id),
        attachment: decodeAttachment(fields.publish_context),
        stagingPath: fields.staging_target_path,
        usage: fields.volume_capability.usage,
        mkfs: fields.volume_context,
      };
      note(await staging.stage(staged, signal));
      return {};
    },
    async NodeUnstageVolume(request, { method, signal }) {
      const { volume_id, staging_target_path } = decode(method, unstageRequest, request);
      const volume = parseHandleOf(backend, volume_id)?.volume;
      if (volume !== undefined) await staging.unstage(volume, staging_target_path, signal);
      return {};
    },
  };
}

function publishRpcs({ backend, publishing }: NodeDeps): Rpcs<"csi.v1.Node"> {
  return {
    async NodePublishVolume(request, { method, signal }) {
      const fields = decode(method, publishRequest, request);
      await publishing.publish(
        {
          volume: volumeOf(backend, fields.volume_id),
          stagingPath: stagedAt(fields.staging_target_path),
          targetPath: fields.target_path,
          usage: fields.volume_capability.usage,
          readOnly: fields.readonly || fields.volume_capability.access === "read-only",
          isForOnePod: fields.volume_capability.isForOnePod,
        },
        signal,
      );
      return {};
    },
    async NodeUnpublishVolume(request, { method, signal }) {
      const { volume_id, target_path } = decode(method, unpublishRequest, request);
      const volume = parseHandleOf(backend, volume_id)?.volume;
      if (volume !== undefined) await publishing.unpublish(volume, target_path, signal);
      return {};
    },
  };
}

/** The specification has a code of its own for a publish that names no stage. */
function stagedAt(path: string | undefined): string {
  if (path !== undefined) return path;
  const rule = "staging_target_path must be where NodeStageVolume has staged the volume";
  throw failure("precondition", { cannot: "publish the staged volume", rule, got: "" });
}

function queryRpcs({ backend, node, stats, maxVolumes, topology }: NodeDeps): Rpcs<"csi.v1.Node"> {
  return {
    async NodeGetVolumeStats(request, { method, signal }) {
      const { volume_id, volume_path } = decode(method, statsRequest, request);
      const { usage, condition } = await stats.of(volumeOf(backend, volume_id), volume_path, signal);
      return { usage: usage.map(encodeSpace), volume_condition: encodeCondition(condition) };
    },
    async NodeGetCapabilities() {
      return await Promise.resolve(nodeCapabilities);
    },
    async NodeGetInfo() {
      const limit = { max_volumes_per_node: String(maxVolumes) };
      const accessible_topology = encodeTopology(topology) ?? null;
      return await Promise.resolve({ node_id: node.id, ...limit, accessible_topology });
    },
  };
}

function encodeSpace({ unit, total, available, used }: VolumeStats["usage"][number]) {
  const wireUnit = unit === "bytes" ? ("BYTES" as const) : ("INODES" as const);
  return { unit: wireUnit, total: String(total), available: String(available), used: String(used) };
}
