/** CSI GroupController: snapshots of several volumes at one instant. Served only where the back end can take them. */
import * as z from "zod";
import type { SnapshotGroup } from "../domain/model.ts";
import type { SnapshotGroups } from "../services/snapshot-groups.ts";
import { groupCapabilities } from "./capabilities.ts";
import { decode, required } from "./decode.ts";
import type { Rpcs } from "./rpcs.ts";
import { encodeSnapshot, encodeTime, noParametersOf } from "./snapshot-rpcs.ts";
import {
  formatSnapshotGroupHandle,
  knownVolume,
  parseHandleOf,
  parseSnapshotGroupOf,
  parseSnapshotOf,
  snapshotGroupOf,
} from "./volume-handle.ts";

export interface GroupControllerDeps {
  readonly backend: string;
  readonly groups: SnapshotGroups;
}

const sources = z
  .array(required)
  .min(1, "must not be empty")
  .refine((ids) => new Set(ids).size === ids.length, "must not name a volume twice");
const noParameters = noParametersOf("VolumeGroupSnapshotClass");
const createRequest = z.object({ name: required, source_volume_ids: sources, parameters: noParameters });
const groupRequest = z.object({ group_snapshot_id: required, snapshot_ids: z.array(required) });

export function groupControllerService({ backend, groups }: GroupControllerDeps): Rpcs<"csi.v1.GroupController"> {
  return {
    async GroupControllerGetCapabilities() {
      return await Promise.resolve(groupCapabilities);
    },
    async CreateVolumeGroupSnapshot(request, { method, signal }) {
      const { name, source_volume_ids: ids } = decode(method, createRequest, request);
      const volumes = ids.map((id) => knownVolume(parseHandleOf(backend, id), id, "source_volume_ids"));
      return { group_snapshot: encode(backend, await groups.create({ name, sources: volumes }, signal)) };
    },
    async DeleteVolumeGroupSnapshot(request, { method, signal }) {
      const { group_snapshot_id, snapshot_ids } = decode(method, groupRequest, request);
      const id = parseSnapshotGroupOf(backend, group_snapshot_id);
      if (id === undefined) return {};
      await groups.delete(id, idsIn(backend, snapshot_ids), signal);
      return {};
    },
    async GetVolumeGroupSnapshot(request, { method, signal }) {
      const { group_snapshot_id, snapshot_ids } = decode(method, groupRequest, request);
      const id = snapshotGroupOf(backend, group_snapshot_id);
      return { group_snapshot: encode(backend, await groups.get(id, idsIn(backend, snapshot_ids), signal)) };
    },
  };
}

/** A text that is no snapshot's id stays as it is: no group has it. */
function idsIn(backend: string, texts: readonly string[]): readonly string[] {
  return texts.map((text) => parseSnapshotOf(backend, text) ?? text);
}

function encode(backend: string, { id, snapshots, createdAt }: SnapshotGroup) {
  return {
    group_snapshot_id: formatSnapshotGroupHandle({ backend, group: id }),
    snapshots: snapshots.map((snapshot) => encodeSnapshot(backend, snapshot)),
    creation_time: encodeTime(createdAt),
    ready_to_use: true,
  };
}
