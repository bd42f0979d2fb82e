/** The RPCs of CSI Controller that are about snapshots. */
import * as z from "zod";
import { parseSnapshotId, type SnapshotId } from "../domain/identity.ts";
import type { Snapshot } from "../domain/model.ts";
import type { Snapshots } from "../services/snapshots.ts";
import { sidecarPrefix } from "./class-parameters.ts";
import { decode, ownEntries, required } from "./decode.ts";
import { listRequest, pageRequest } from "./list-page.ts";
import type { Rpcs } from "./rpcs.ts";
import {
  formatSnapshotGroupHandle,
  formatSnapshotHandle,
  formatVolumeHandle,
  knownVolume,
  parseHandleOf,
  parseSnapshotOf,
  snapshotOf,
} from "./volume-handle.ts";

export interface SnapshotDeps {
  readonly backend: string;
  readonly snapshots: Snapshots;
}

/** What a class of snapshots may say. */
export function noParametersOf(kind: "VolumeSnapshotClass" | "VolumeGroupSnapshotClass") {
  return ownEntries(
    (key) => !key.startsWith(sidecarPrefix),
    () => `is no parameter of this driver; a ${kind} has none`,
  );
}
const noParameters = noParametersOf("VolumeSnapshotClass");
const createRequest = z.object({ name: required, source_volume_id: required, parameters: noParameters });
const snapshotRequest = z.object({ snapshot_id: required });
const listSnapshotsRequest = listRequest.extend({ snapshot_id: z.string(), source_volume_id: z.string() });

export function snapshotRpcs({ backend, snapshots }: SnapshotDeps): Rpcs<"csi.v1.Controller"> {
  const encode = (snapshot: Snapshot) => encodeSnapshot(backend, snapshot);
  return {
    async CreateSnapshot(request, { method, signal }) {
      const { name, source_volume_id: id } = decode(method, createRequest, request);
      const source = knownVolume(parseHandleOf(backend, id), id, "source_volume_id");
      return { snapshot: encode(await snapshots.create({ name, source }, signal)) };
    },
    async DeleteSnapshot(request, { method, signal }) {
      const id = parseSnapshotOf(backend, decode(method, snapshotRequest, request).snapshot_id);
      if (id !== undefined) await snapshots.delete(id, signal);
      return {};
    },
    async GetSnapshot(request, { method, signal }) {
      const { snapshot_id } = decode(method, snapshotRequest, request);
      return { snapshot: encode(await snapshots.get(snapshotOf(backend, snapshot_id), signal)) };
    },
    async ListSnapshots(request, { method, signal }) {
      const fields = decode(method, listSnapshotsRequest, request);
      const page = pageRequest<SnapshotId>(fields, parseSnapshotId);
      const source = fields.source_volume_id === "" ? undefined : parseHandleOf(backend, fields.source_volume_id);
      const isOther = fields.source_volume_id !== "" && source === undefined;
      if (fields.snapshot_id !== "" || isOther) {
        const id = isOther ? undefined : parseSnapshotOf(backend, fields.snapshot_id);
        const found = id && (await snapshots.find(id, signal));
        const isWanted = found !== undefined && (source === undefined || found.source === source.volume);
        return { entries: isWanted ? [{ snapshot: encode(found) }] : [], next_token: "" };
      }
      const { items, next = "" } = await snapshots.list(source?.volume, page, signal);
      return { entries: items.map((snapshot) => ({ snapshot: encode(snapshot) })), next_token: next };
    },
  };
}

export function encodeTime(time: Date) {
  const milliseconds = time.getTime();
  return { seconds: Math.trunc(milliseconds / 1000), nanos: (milliseconds % 1000) * 1_000_000 };
}

export function encodeSnapshot(backend: string, { id, source, size, createdAt, group }: Snapshot) {
  return {
    snapshot_id: formatSnapshotHandle({ backend, snapshot: id }),
    source_volume_id: formatVolumeHandle({ backend, volume: source }),
    size_bytes: String(size),
    creation_time: encodeTime(createdAt),
    ready_to_use: true,
    ...(group !== undefined && { group_snapshot_id: formatSnapshotGroupHandle({ backend, group }) }),
  };
}
