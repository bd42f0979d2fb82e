/** CSI Controller: decode, one service call, encode. Locks, limits, logs and errors are the interceptors' (server.ts). */
import * as z from "zod";
import { parseVolumeId } from "../domain/identity.ts";
import { DomainError } from "../domain/errors.ts";
import type { Volume } from "../domain/model.ts";
import type { Attachments } from "../services/attachment.ts";
import type { Provisioning } from "../services/provisioning.ts";
import type { Snapshots } from "../services/snapshots.ts";
import { smallestSize } from "../domain/capacity.ts";
import { controllerCapabilities } from "./capabilities.ts";
import { assertBackend, assertWriters, parameters, poolOf } from "./class-parameters.ts";
import { encodeCondition } from "./condition.ts";
import { contentSource, encodeSource, sourceOf } from "./content-source.ts";
import {
  capabilities,
  capability,
  capacityRange,
  decode,
  required,
  requiredCapability,
  requiredCapacityRange,
  stringMap,
} from "./decode.ts";
import { listRequest, pageRequest } from "./list-page.ts";
import { encodeAttachment } from "./publish-context.ts";
import type { Rpcs } from "./rpcs.ts";
import { snapshotRpcs } from "./snapshot-rpcs.ts";
import { encodeTopology, optionalTopology, topologyRequirement } from "./topology.ts";
import { encodeVolumeContext, volumeContext } from "./volume-context.ts";
import { formatVolumeHandle, parseHandleOf, volumeOf } from "./volume-handle.ts";

export interface ControllerDeps {
  /** Name of the back end, the first part of volume ids. */
  readonly backend: string;
  readonly provisioning: Provisioning;
  readonly attachments: Attachments;
  readonly snapshots: Snapshots;
}

const noneMutable = stringMap.refine((map) => Object.keys(map).length === 0, "must be empty: no parameter is mutable");
const createRequest = z.object({
  name: required,
  capacity_range: capacityRange,
  volume_capabilities: capabilities,
  parameters,
  volume_content_source: contentSource,
  accessibility_requirements: topologyRequirement,
  mutable_parameters: noneMutable,
});
const volumeRequest = z.object({ volume_id: required });
const publishRequest = z.object({
  volume_id: required,
  node_id: required,
  volume_capability: requiredCapability,
  readonly: z.boolean(),
});
const unpublishRequest = z.object({ volume_id: required, node_id: z.string() });
const validateRequest = z.object({
  volume_id: required,
  volume_capabilities: z.array(z.object({})).min(1, "must not be empty"),
});
const confirmable = z.object({
  volume_capabilities: capabilities,
  volume_context: volumeContext,
  parameters,
  mutable_parameters: noneMutable,
});
const expandRequest = z.object({
  volume_id: required,
  capacity_range: requiredCapacityRange,
  volume_capability: capability.nullable(),
});
const capacityRequest = z.object({
  volume_capabilities: z.array(z.object({})),
  parameters,
  accessible_topology: optionalTopology,
});

export function controllerService(deps: ControllerDeps): Rpcs<"csi.v1.Controller"> {
  return {
    ...volumeRpcs(deps),
    ...publishRpcs(deps),
    ...queryRpcs(deps),
    ...capacityRpcs(deps),
    ...snapshotRpcs(deps),
  };
}

function encode({ backend }: ControllerDeps, { id, size, source, place }: Volume) {
  const topology = encodeTopology(place);
  return {
    ...(topology !== undefined && { accessible_topology: [topology] }),
    volume_id: formatVolumeHandle({ backend, volume: id }),
    capacity_bytes: String(size),
    ...(source !== undefined && { content_source: encodeSource(backend, source) }),
  };
}

function statusOf({ publications, condition }: Volume) {
  return { published_node_ids: publications.map((held) => held.node), volume_condition: encodeCondition(condition) };
}

function volumeRpcs(deps: ControllerDeps): Rpcs<"csi.v1.Controller"> {
  const { backend, provisioning } = deps;
  return {
    async CreateVolume(request, { method, signal }) {
      const fields = decode(method, createRequest, request);
      const { name, capacity_range: capacity } = fields;
      const { multiWriter } = fields.parameters;
      assertBackend(fields.parameters, backend);
      assertWriters(fields, multiWriter);
      const source = sourceOf(backend, fields.volume_content_source);
      const { accessibility_requirements: topology } = fields;
      const more = { ...(multiWriter && { multiWriter }), ...poolOf(fields.parameters), ...(topology && { topology }) };
      const wanted = { name, capacity, ...(source && { source }), ...more };
      const volume = encode(deps, await provisioning.create(wanted, signal));
      return { volume: { ...volume, volume_context: encodeVolumeContext(request.parameters) } };
    },
    async DeleteVolume(request, { method, signal }) {
      const handle = parseHandleOf(deps.backend, decode(method, volumeRequest, request).volume_id);
      if (handle !== undefined) await provisioning.delete(handle.volume, signal);
      return {};
    },
    async ControllerExpandVolume(request, { method, signal }) {
      const { volume_id, capacity_range } = decode(method, expandRequest, request);
      const { size } = await provisioning.expand(volumeOf(backend, volume_id), capacity_range, signal);
      // Also for raw block: the node waits until its kernel shows the new size.
      return { capacity_bytes: String(size), node_expansion_required: true };
    },
  };
}

function publishRpcs(deps: ControllerDeps): Rpcs<"csi.v1.Controller"> {
  const { attachments } = deps;
  return {
    async ControllerPublishVolume(request, { method, signal }) {
      const { volume_id, node_id, volume_capability, readonly } = decode(method, publishRequest, request);
      const { access, sharing } = volume_capability;
      const volume = volumeOf(deps.backend, volume_id);
      const how = { access: readonly ? "read-only" : access, ...(sharing && { sharing }) } as const;
      const attachment = await attachments.publish(volume, { nodeId: node_id, ...how }, signal);
      return { publish_context: encodeAttachment(attachment) };
    },
    async ControllerUnpublishVolume(request, { method, signal }) {
      const { volume_id, node_id } = decode(method, unpublishRequest, request);
      const handle = parseHandleOf(deps.backend, volume_id);
      if (handle !== undefined) await attachments.unpublish(handle.volume, node_id, signal);
      return {};
    },
  };
}

function queryRpcs(deps: ControllerDeps): Rpcs<"csi.v1.Controller"> {
  const { backend, provisioning } = deps;
  return {
    async ValidateVolumeCapabilities(request, { method, signal }) {
      const { volume_id } = decode(method, validateRequest, request);
      const { multiWriter } = await provisioning.get(volumeOf(deps.backend, volume_id), signal);
      const refusal = refusalOf(() => {
        const asked = decode(method, confirmable, request);
        assertBackend(asked.parameters, backend);
        assertWriters(asked, multiWriter);
      });
      if (refusal !== undefined) return { message: refusal };
      const { volume_context, volume_capabilities } = request;
      return { confirmed: { volume_context, volume_capabilities, parameters: request.parameters } };
    },
    async ListVolumes(request, { method, signal }) {
      const wanted = pageRequest(decode(method, listRequest, request), parseVolumeId);
      const page = await provisioning.list(wanted, signal);
      const entries = page.items.map((volume) => ({ volume: encode(deps, volume), status: statusOf(volume) }));
      return { entries, next_token: page.next ?? "" };
    },
    async ControllerGetVolume(request, { method, signal }) {
      const { volume_id } = decode(method, volumeRequest, request);
      const volume = await provisioning.get(volumeOf(deps.backend, volume_id), signal);
      return { volume: encode(deps, volume), status: statusOf(volume) };
    },
  };
}

function capacityRpcs({ backend, provisioning }: ControllerDeps): Rpcs<"csi.v1.Controller"> {
  return {
    async GetCapacity(request, { method, signal }) {
      const { parameters: own, accessible_topology: from } = decode(method, capacityRequest, request);
      assertBackend(own, backend);
      const canServe = refusalOf(() => {
        const wanted = decode(method, z.object({ volume_capabilities: z.array(requiredCapability) }), request);
        assertWriters({ ...wanted, parameters: own }, own.multiWriter);
      });
      if (canServe !== undefined) return { available_capacity: "0", maximum_volume_size: { value: "0" } };
      const { available, largestVolume } = await provisioning.capacity(
        { ...poolOf(own), ...(from && { from }) },
        signal,
      );
      return {
        available_capacity: String(available),
        maximum_volume_size: { value: String(largestVolume) },
        minimum_volume_size: { value: String(smallestSize) },
      };
    },
    async ControllerGetCapabilities() {
      return await Promise.resolve(controllerCapabilities);
    },
  };
}

/** The message of an invalid_argument error that `work` throws; undefined when it throws none. */
function refusalOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof DomainError && error.kind === "invalid_argument") return error.message;
    throw error;
  }
}
