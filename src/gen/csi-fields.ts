// Generated from proto/csi.proto by scripts/generate.ts; do not edit.

export type CsiScalarKind = "bool" | "int32" | "int64" | "string";
export type CsiMessageName =
  | "csi.v1.BlockMetadata"
  | "csi.v1.CapacityRange"
  | "csi.v1.ControllerExpandVolumeRequest"
  | "csi.v1.ControllerExpandVolumeResponse"
  | "csi.v1.ControllerGetCapabilitiesRequest"
  | "csi.v1.ControllerGetCapabilitiesResponse"
  | "csi.v1.ControllerGetVolumeRequest"
  | "csi.v1.ControllerGetVolumeResponse"
  | "csi.v1.ControllerGetVolumeResponse.VolumeStatus"
  | "csi.v1.ControllerModifyVolumeRequest"
  | "csi.v1.ControllerModifyVolumeResponse"
  | "csi.v1.ControllerPublishVolumeRequest"
  | "csi.v1.ControllerPublishVolumeResponse"
  | "csi.v1.ControllerServiceCapability"
  | "csi.v1.ControllerServiceCapability.RPC"
  | "csi.v1.ControllerUnpublishVolumeRequest"
  | "csi.v1.ControllerUnpublishVolumeResponse"
  | "csi.v1.CreateSnapshotRequest"
  | "csi.v1.CreateSnapshotResponse"
  | "csi.v1.CreateVolumeGroupSnapshotRequest"
  | "csi.v1.CreateVolumeGroupSnapshotResponse"
  | "csi.v1.CreateVolumeRequest"
  | "csi.v1.CreateVolumeResponse"
  | "csi.v1.DeleteSnapshotRequest"
  | "csi.v1.DeleteSnapshotResponse"
  | "csi.v1.DeleteVolumeGroupSnapshotRequest"
  | "csi.v1.DeleteVolumeGroupSnapshotResponse"
  | "csi.v1.DeleteVolumeRequest"
  | "csi.v1.DeleteVolumeResponse"
  | "csi.v1.GetCapacityRequest"
  | "csi.v1.GetCapacityResponse"
  | "csi.v1.GetMetadataAllocatedRequest"
  | "csi.v1.GetMetadataAllocatedResponse"
  | "csi.v1.GetMetadataDeltaRequest"
  | "csi.v1.GetMetadataDeltaResponse"
  | "csi.v1.GetPluginCapabilitiesRequest"
  | "csi.v1.GetPluginCapabilitiesResponse"
  | "csi.v1.GetPluginInfoRequest"
  | "csi.v1.GetPluginInfoResponse"
  | "csi.v1.GetSnapshotRequest"
  | "csi.v1.GetSnapshotResponse"
  | "csi.v1.GetVolumeGroupSnapshotRequest"
  | "csi.v1.GetVolumeGroupSnapshotResponse"
  | "csi.v1.GroupControllerGetCapabilitiesRequest"
  | "csi.v1.GroupControllerGetCapabilitiesResponse"
  | "csi.v1.GroupControllerServiceCapability"
  | "csi.v1.GroupControllerServiceCapability.RPC"
  | "csi.v1.ListSnapshotsRequest"
  | "csi.v1.ListSnapshotsResponse"
  | "csi.v1.ListSnapshotsResponse.Entry"
  | "csi.v1.ListVolumesRequest"
  | "csi.v1.ListVolumesResponse"
  | "csi.v1.ListVolumesResponse.Entry"
  | "csi.v1.ListVolumesResponse.VolumeStatus"
  | "csi.v1.NodeExpandVolumeRequest"
  | "csi.v1.NodeExpandVolumeResponse"
  | "csi.v1.NodeGetCapabilitiesRequest"
  | "csi.v1.NodeGetCapabilitiesResponse"
  | "csi.v1.NodeGetInfoRequest"
  | "csi.v1.NodeGetInfoResponse"
  | "csi.v1.NodeGetVolumeStatsRequest"
  | "csi.v1.NodeGetVolumeStatsResponse"
  | "csi.v1.NodePublishVolumeRequest"
  | "csi.v1.NodePublishVolumeResponse"
  | "csi.v1.NodeServiceCapability"
  | "csi.v1.NodeServiceCapability.RPC"
  | "csi.v1.NodeStageVolumeRequest"
  | "csi.v1.NodeStageVolumeResponse"
  | "csi.v1.NodeUnpublishVolumeRequest"
  | "csi.v1.NodeUnpublishVolumeResponse"
  | "csi.v1.NodeUnstageVolumeRequest"
  | "csi.v1.NodeUnstageVolumeResponse"
  | "csi.v1.PluginCapability"
  | "csi.v1.PluginCapability.Service"
  | "csi.v1.PluginCapability.VolumeExpansion"
  | "csi.v1.ProbeRequest"
  | "csi.v1.ProbeResponse"
  | "csi.v1.Snapshot"
  | "csi.v1.Topology"
  | "csi.v1.TopologyRequirement"
  | "csi.v1.ValidateVolumeCapabilitiesRequest"
  | "csi.v1.ValidateVolumeCapabilitiesResponse"
  | "csi.v1.ValidateVolumeCapabilitiesResponse.Confirmed"
  | "csi.v1.Volume"
  | "csi.v1.VolumeCapability"
  | "csi.v1.VolumeCapability.AccessMode"
  | "csi.v1.VolumeCapability.BlockVolume"
  | "csi.v1.VolumeCapability.MountVolume"
  | "csi.v1.VolumeCondition"
  | "csi.v1.VolumeContentSource"
  | "csi.v1.VolumeContentSource.SnapshotSource"
  | "csi.v1.VolumeContentSource.VolumeSource"
  | "csi.v1.VolumeGroupSnapshot"
  | "csi.v1.VolumeUsage"
  | "google.protobuf.BoolValue"
  | "google.protobuf.Int64Value"
  | "google.protobuf.Timestamp";
export type CsiMethodPath =
  | "/csi.v1.Identity/GetPluginInfo"
  | "/csi.v1.Identity/GetPluginCapabilities"
  | "/csi.v1.Identity/Probe"
  | "/csi.v1.Controller/CreateVolume"
  | "/csi.v1.Controller/DeleteVolume"
  | "/csi.v1.Controller/ControllerPublishVolume"
  | "/csi.v1.Controller/ControllerUnpublishVolume"
  | "/csi.v1.Controller/ValidateVolumeCapabilities"
  | "/csi.v1.Controller/ListVolumes"
  | "/csi.v1.Controller/GetCapacity"
  | "/csi.v1.Controller/ControllerGetCapabilities"
  | "/csi.v1.Controller/CreateSnapshot"
  | "/csi.v1.Controller/DeleteSnapshot"
  | "/csi.v1.Controller/ListSnapshots"
  | "/csi.v1.Controller/GetSnapshot"
  | "/csi.v1.Controller/ControllerExpandVolume"
  | "/csi.v1.Controller/ControllerGetVolume"
  | "/csi.v1.Controller/ControllerModifyVolume"
  | "/csi.v1.GroupController/GroupControllerGetCapabilities"
  | "/csi.v1.GroupController/CreateVolumeGroupSnapshot"
  | "/csi.v1.GroupController/DeleteVolumeGroupSnapshot"
  | "/csi.v1.GroupController/GetVolumeGroupSnapshot"
  | "/csi.v1.SnapshotMetadata/GetMetadataAllocated"
  | "/csi.v1.SnapshotMetadata/GetMetadataDelta"
  | "/csi.v1.Node/NodeStageVolume"
  | "/csi.v1.Node/NodeUnstageVolume"
  | "/csi.v1.Node/NodePublishVolume"
  | "/csi.v1.Node/NodeUnpublishVolume"
  | "/csi.v1.Node/NodeGetVolumeStats"
  | "/csi.v1.Node/NodeExpandVolume"
  | "/csi.v1.Node/NodeGetCapabilities"
  | "/csi.v1.Node/NodeGetInfo";
interface FieldBase {
  readonly name: string;
  readonly repeated: boolean;
  /** Marked csi_secret in the specification: the value must never be logged. */
  readonly secret: boolean;
  readonly oneof?: string;
}
export type CsiField =
  | (FieldBase & { readonly kind: CsiScalarKind })
  | (FieldBase & { readonly kind: "map"; readonly key: CsiScalarKind; readonly value: CsiScalarKind })
  | (FieldBase & { readonly kind: "message"; readonly type: CsiMessageName })
  | (FieldBase & { readonly kind: "enum"; readonly type: string });
export interface CsiMethod {
  readonly service: string;
  readonly name: string;
  readonly request: CsiMessageName;
  readonly response: CsiMessageName;
  readonly responseStream: boolean;
}
export const csiMessages: Readonly<Record<CsiMessageName, readonly CsiField[]>> = {
  "csi.v1.BlockMetadata": [
    { name: "byte_offset", kind: "int64", repeated: false, secret: false },
    { name: "size_bytes", kind: "int64", repeated: false, secret: false },
  ],
  "csi.v1.CapacityRange": [
    { name: "required_bytes", kind: "int64", repeated: false, secret: false },
    { name: "limit_bytes", kind: "int64", repeated: false, secret: false },
  ],
  "csi.v1.ControllerExpandVolumeRequest": [
    { name: "volume_id", kind: "string", repeated: false, secret: false },
    { name: "capacity_range", kind: "message", type: "csi.v1.CapacityRange", repeated: false, secret: false },
    { name: "secrets", kind: "map", key: "string", value: "string", repeated: false, secret: true },
    { name: "volume_capability", kind: "message", type: "csi.v1.VolumeCapability", repeated: false, secret: false },
  ],
  "csi.v1.ControllerExpandVolumeResponse": [
    { name: "capacity_bytes", kind: "int64", repeated: false, secret: false },
    { name: "node_expansion_required", kind: "bool", repeated: false, secret: false },
  ],
  "csi.v1.ControllerGetCapabilitiesRequest": [],
  "csi.v1.ControllerGetCapabilitiesResponse": [
    {
      name: "capabilities",
      kind: "message",
      type: "csi.v1.ControllerServiceCapability",
      repeated: true,
      secret: false,
    },
  ],
  "csi.v1.ControllerGetVolumeRequest": [{ name: "volume_id", kind: "string", repeated: false, secret: false }],
  "csi.v1.ControllerGetVolumeResponse": [
    { name: "volume", kind: "message", type: "csi.v1.Volume", repeated: false, secret: false },
    {
      name: "status",
      kind: "message",
      type: "csi.v1.ControllerGetVolumeResponse.VolumeStatus",
      repeated: false,
      secret: false,
    },
  ],
  "csi.v1.ControllerGetVolumeResponse.VolumeStatus": [
    { name: "published_node_ids", kind: "string", repeated: true, secret: false },
    { name: "volume_condition", kind: "message", type: "csi.v1.VolumeCondition", repeated: false, secret: false },
  ],
  "csi.v1.ControllerModifyVolumeRequest": [
    { name: "volume_id", kind: "string", repeated: false, secret: false },
    { name: "secrets", kind: "map", key: "string", value: "string", repeated: false, secret: true },
    { name: "mutable_parameters", kind: "map", key: "string", value: "string", repeated: false, secret: false },
  ],
  "csi.v1.ControllerModifyVolumeResponse": [],
  "csi.v1.ControllerPublishVolumeRequest": [
    { name: "volume_id", kind: "string", repeated: false, secret: false },
    { name: "node_id", kind: "string", repeated: false, secret: false },
    { name: "volume_capability", kind: "message", type: "csi.v1.VolumeCapability", repeated: false, secret: false },
    { name: "readonly", kind: "bool", repeated: false, secret: false },
    { name: "secrets", kind: "map", key: "string", value: "string", repeated: false, secret: true },
    { name: "volume_context", kind: "map", key: "string", value: "string", repeated: false, secret: false },
  ],
  "csi.v1.ControllerPublishVolumeResponse": [
    { name: "publish_context", kind: "map", key: "string", value: "string", repeated: false, secret: false },
  ],
  "csi.v1.ControllerServiceCapability": [
    {
      name: "rpc",
      kind: "message",
      type: "csi.v1.ControllerServiceCapability.RPC",
      repeated: false,
      secret: false,
      oneof: "type",
    },
  ],
  "csi.v1.ControllerServiceCapability.RPC": [
    { name: "type", kind: "enum", type: "csi.v1.ControllerServiceCapability.RPC.Type", repeated: false, secret: false },
  ],
  "csi.v1.ControllerUnpublishVolumeRequest": [
    { name: "volume_id", kind: "string", repeated: false, secret: false },
    { name: "node_id", kind: "string", repeated: false, secret: false },
    { name: "secrets", kind: "map", key: "string", value: "string", repeated: false, secret: true },
  ],
  "csi.v1.ControllerUnpublishVolumeResponse": [],
  "csi.v1.CreateSnapshotRequest": [
    { name: "source_volume_id", kind: "string", repeated: false, secret: false },
    { name: "name", kind: "string", repeated: false, secret: false },
    { name: "secrets", kind: "map", key: "string", value: "string", repeated: false, secret: true },
    { name: "parameters", kind: "map", key: "string", value: "string", repeated: false, secret: false },
  ],
  "csi.v1.CreateSnapshotResponse": [
    { name: "snapshot", kind: "message", type: "csi.v1.Snapshot", repeated: false, secret: false },
  ],
  "csi.v1.CreateVolumeGroupSnapshotRequest": [
    { name: "name", kind: "string", repeated: false, secret: false },
    { name: "source_volume_ids", kind: "string", repeated: true, secret: false },
    { name: "secrets", kind: "map", key: "string", value: "string", repeated: false, secret: true },
    { name: "parameters", kind: "map", key: "string", value: "string", repeated: false, secret: false },
  ],
  "csi.v1.CreateVolumeGroupSnapshotResponse": [
    { name: "group_snapshot", kind: "message", type: "csi.v1.VolumeGroupSnapshot", repeated: false, secret: false },
  ],
  "csi.v1.CreateVolumeRequest": [
    { name: "name", kind: "string", repeated: false, secret: false },
    { name: "capacity_range", kind: "message", type: "csi.v1.CapacityRange", repeated: false, secret: false },
    { name: "volume_capabilities", kind: "message", type: "csi.v1.VolumeCapability", repeated: true, secret: false },
    { name: "parameters", kind: "map", key: "string", value: "string", repeated: false, secret: false },
    { name: "secrets", kind: "map", key: "string", value: "string", repeated: false, secret: true },
    {
      name: "volume_content_source",
      kind: "message",
      type: "csi.v1.VolumeContentSource",
      repeated: false,
      secret: false,
    },
    {
      name: "accessibility_requirements",
      kind: "message",
      type: "csi.v1.TopologyRequirement",
      repeated: false,
      secret: false,
    },
    { name: "mutable_parameters", kind: "map", key: "string", value: "string", repeated: false, secret: false },
  ],
  "csi.v1.CreateVolumeResponse": [
    { name: "volume", kind: "message", type: "csi.v1.Volume", repeated: false, secret: false },
  ],
  "csi.v1.DeleteSnapshotRequest": [
    { name: "snapshot_id", kind: "string", repeated: false, secret: false },
    { name: "secrets", kind: "map", key: "string", value: "string", repeated: false, secret: true },
  ],
  "csi.v1.DeleteSnapshotResponse": [],
  "csi.v1.DeleteVolumeGroupSnapshotRequest": [
    { name: "group_snapshot_id", kind: "string", repeated: false, secret: false },
    { name: "snapshot_ids", kind: "string", repeated: true, secret: false },
    { name: "secrets", kind: "map", key: "string", value: "string", repeated: false, secret: true },
  ],
  "csi.v1.DeleteVolumeGroupSnapshotResponse": [],
  "csi.v1.DeleteVolumeRequest": [
    { name: "volume_id", kind: "string", repeated: false, secret: false },
    { name: "secrets", kind: "map", key: "string", value: "string", repeated: false, secret: true },
  ],
  "csi.v1.DeleteVolumeResponse": [],
  "csi.v1.GetCapacityRequest": [
    { name: "volume_capabilities", kind: "message", type: "csi.v1.VolumeCapability", repeated: true, secret: false },
    { name: "parameters", kind: "map", key: "string", value: "string", repeated: false, secret: false },
    { name: "accessible_topology", kind: "message", type: "csi.v1.Topology", repeated: false, secret: false },
  ],
  "csi.v1.GetCapacityResponse": [
    { name: "available_capacity", kind: "int64", repeated: false, secret: false },
    {
      name: "maximum_volume_size",
      kind: "message",
      type: "google.protobuf.Int64Value",
      repeated: false,
      secret: false,
    },
    {
      name: "minimum_volume_size",
      kind: "message",
      type: "google.protobuf.Int64Value",
      repeated: false,
      secret: false,
    },
  ],
  "csi.v1.GetMetadataAllocatedRequest": [
    { name: "snapshot_id", kind: "string", repeated: false, secret: false },
    { name: "starting_offset", kind: "int64", repeated: false, secret: false },
    { name: "max_results", kind: "int32", repeated: false, secret: false },
    { name: "secrets", kind: "map", key: "string", value: "string", repeated: false, secret: true },
  ],
  "csi.v1.GetMetadataAllocatedResponse": [
    { name: "block_metadata_type", kind: "enum", type: "csi.v1.BlockMetadataType", repeated: false, secret: false },
    { name: "volume_capacity_bytes", kind: "int64", repeated: false, secret: false },
    { name: "block_metadata", kind: "message", type: "csi.v1.BlockMetadata", repeated: true, secret: false },
  ],
  "csi.v1.GetMetadataDeltaRequest": [
    { name: "base_snapshot_id", kind: "string", repeated: false, secret: false },
    { name: "target_snapshot_id", kind: "string", repeated: false, secret: false },
    { name: "starting_offset", kind: "int64", repeated: false, secret: false },
    { name: "max_results", kind: "int32", repeated: false, secret: false },
    { name: "secrets", kind: "map", key: "string", value: "string", repeated: false, secret: true },
  ],
  "csi.v1.GetMetadataDeltaResponse": [
    { name: "block_metadata_type", kind: "enum", type: "csi.v1.BlockMetadataType", repeated: false, secret: false },
    { name: "volume_capacity_bytes", kind: "int64", repeated: false, secret: false },
    { name: "block_metadata", kind: "message", type: "csi.v1.BlockMetadata", repeated: true, secret: false },
  ],
  "csi.v1.GetPluginCapabilitiesRequest": [],
  "csi.v1.GetPluginCapabilitiesResponse": [
    { name: "capabilities", kind: "message", type: "csi.v1.PluginCapability", repeated: true, secret: false },
  ],
  "csi.v1.GetPluginInfoRequest": [],
  "csi.v1.GetPluginInfoResponse": [
    { name: "name", kind: "string", repeated: false, secret: false },
    { name: "vendor_version", kind: "string", repeated: false, secret: false },
    { name: "manifest", kind: "map", key: "string", value: "string", repeated: false, secret: false },
  ],
  "csi.v1.GetSnapshotRequest": [
    { name: "snapshot_id", kind: "string", repeated: false, secret: false },
    { name: "secrets", kind: "map", key: "string", value: "string", repeated: false, secret: true },
  ],
  "csi.v1.GetSnapshotResponse": [
    { name: "snapshot", kind: "message", type: "csi.v1.Snapshot", repeated: false, secret: false },
  ],
  "csi.v1.GetVolumeGroupSnapshotRequest": [
    { name: "group_snapshot_id", kind: "string", repeated: false, secret: false },
    { name: "snapshot_ids", kind: "string", repeated: true, secret: false },
    { name: "secrets", kind: "map", key: "string", value: "string", repeated: false, secret: true },
  ],
  "csi.v1.GetVolumeGroupSnapshotResponse": [
    { name: "group_snapshot", kind: "message", type: "csi.v1.VolumeGroupSnapshot", repeated: false, secret: false },
  ],
  "csi.v1.GroupControllerGetCapabilitiesRequest": [],
  "csi.v1.GroupControllerGetCapabilitiesResponse": [
    {
      name: "capabilities",
      kind: "message",
      type: "csi.v1.GroupControllerServiceCapability",
      repeated: true,
      secret: false,
    },
  ],
  "csi.v1.GroupControllerServiceCapability": [
    {
      name: "rpc",
      kind: "message",
      type: "csi.v1.GroupControllerServiceCapability.RPC",
      repeated: false,
      secret: false,
      oneof: "type",
    },
  ],
  "csi.v1.GroupControllerServiceCapability.RPC": [
    {
      name: "type",
      kind: "enum",
      type: "csi.v1.GroupControllerServiceCapability.RPC.Type",
      repeated: false,
      secret: false,
    },
  ],
  "csi.v1.ListSnapshotsRequest": [
    { name: "max_entries", kind: "int32", repeated: false, secret: false },
    { name: "starting_token", kind: "string", repeated: false, secret: false },
    { name: "source_volume_id", kind: "string", repeated: false, secret: false },
    { name: "snapshot_id", kind: "string", repeated: false, secret: false },
    { name: "secrets", kind: "map", key: "string", value: "string", repeated: false, secret: true },
  ],
  "csi.v1.ListSnapshotsResponse": [
    { name: "entries", kind: "message", type: "csi.v1.ListSnapshotsResponse.Entry", repeated: true, secret: false },
    { name: "next_token", kind: "string", repeated: false, secret: false },
  ],
  "csi.v1.ListSnapshotsResponse.Entry": [
    { name: "snapshot", kind: "message", type: "csi.v1.Snapshot", repeated: false, secret: false },
  ],
  "csi.v1.ListVolumesRequest": [
    { name: "max_entries", kind: "int32", repeated: false, secret: false },
    { name: "starting_token", kind: "string", repeated: false, secret: false },
  ],
  "csi.v1.ListVolumesResponse": [
    { name: "entries", kind: "message", type: "csi.v1.ListVolumesResponse.Entry", repeated: true, secret: false },
    { name: "next_token", kind: "string", repeated: false, secret: false },
  ],
  "csi.v1.ListVolumesResponse.Entry": [
    { name: "volume", kind: "message", type: "csi.v1.Volume", repeated: false, secret: false },
    {
      name: "status",
      kind: "message",
      type: "csi.v1.ListVolumesResponse.VolumeStatus",
      repeated: false,
      secret: false,
    },
  ],
  "csi.v1.ListVolumesResponse.VolumeStatus": [
    { name: "published_node_ids", kind: "string", repeated: true, secret: false },
    { name: "volume_condition", kind: "message", type: "csi.v1.VolumeCondition", repeated: false, secret: false },
  ],
  "csi.v1.NodeExpandVolumeRequest": [
    { name: "volume_id", kind: "string", repeated: false, secret: false },
    { name: "volume_path", kind: "string", repeated: false, secret: false },
    { name: "capacity_range", kind: "message", type: "csi.v1.CapacityRange", repeated: false, secret: false },
    { name: "staging_target_path", kind: "string", repeated: false, secret: false },
    { name: "volume_capability", kind: "message", type: "csi.v1.VolumeCapability", repeated: false, secret: false },
    { name: "secrets", kind: "map", key: "string", value: "string", repeated: false, secret: true },
  ],
  "csi.v1.NodeExpandVolumeResponse": [{ name: "capacity_bytes", kind: "int64", repeated: false, secret: false }],
  "csi.v1.NodeGetCapabilitiesRequest": [],
  "csi.v1.NodeGetCapabilitiesResponse": [
    { name: "capabilities", kind: "message", type: "csi.v1.NodeServiceCapability", repeated: true, secret: false },
  ],
  "csi.v1.NodeGetInfoRequest": [],
  "csi.v1.NodeGetInfoResponse": [
    { name: "node_id", kind: "string", repeated: false, secret: false },
    { name: "max_volumes_per_node", kind: "int64", repeated: false, secret: false },
    { name: "accessible_topology", kind: "message", type: "csi.v1.Topology", repeated: false, secret: false },
  ],
  "csi.v1.NodeGetVolumeStatsRequest": [
    { name: "volume_id", kind: "string", repeated: false, secret: false },
    { name: "volume_path", kind: "string", repeated: false, secret: false },
    { name: "staging_target_path", kind: "string", repeated: false, secret: false },
  ],
  "csi.v1.NodeGetVolumeStatsResponse": [
    { name: "usage", kind: "message", type: "csi.v1.VolumeUsage", repeated: true, secret: false },
    { name: "volume_condition", kind: "message", type: "csi.v1.VolumeCondition", repeated: false, secret: false },
  ],
  "csi.v1.NodePublishVolumeRequest": [
    { name: "volume_id", kind: "string", repeated: false, secret: false },
    { name: "publish_context", kind: "map", key: "string", value: "string", repeated: false, secret: false },
    { name: "staging_target_path", kind: "string", repeated: false, secret: false },
    { name: "target_path", kind: "string", repeated: false, secret: false },
    { name: "volume_capability", kind: "message", type: "csi.v1.VolumeCapability", repeated: false, secret: false },
    { name: "readonly", kind: "bool", repeated: false, secret: false },
    { name: "secrets", kind: "map", key: "string", value: "string", repeated: false, secret: true },
    { name: "volume_context", kind: "map", key: "string", value: "string", repeated: false, secret: false },
  ],
  "csi.v1.NodePublishVolumeResponse": [],
  "csi.v1.NodeServiceCapability": [
    {
      name: "rpc",
      kind: "message",
      type: "csi.v1.NodeServiceCapability.RPC",
      repeated: false,
      secret: false,
      oneof: "type",
    },
  ],
  "csi.v1.NodeServiceCapability.RPC": [
    { name: "type", kind: "enum", type: "csi.v1.NodeServiceCapability.RPC.Type", repeated: false, secret: false },
  ],
  "csi.v1.NodeStageVolumeRequest": [
    { name: "volume_id", kind: "string", repeated: false, secret: false },
    { name: "publish_context", kind: "map", key: "string", value: "string", repeated: false, secret: false },
    { name: "staging_target_path", kind: "string", repeated: false, secret: false },
    { name: "volume_capability", kind: "message", type: "csi.v1.VolumeCapability", repeated: false, secret: false },
    { name: "secrets", kind: "map", key: "string", value: "string", repeated: false, secret: true },
    { name: "volume_context", kind: "map", key: "string", value: "string", repeated: false, secret: false },
  ],
  "csi.v1.NodeStageVolumeResponse": [],
  "csi.v1.NodeUnpublishVolumeRequest": [
    { name: "volume_id", kind: "string", repeated: false, secret: false },
    { name: "target_path", kind: "string", repeated: false, secret: false },
  ],
  "csi.v1.NodeUnpublishVolumeResponse": [],
  "csi.v1.NodeUnstageVolumeRequest": [
    { name: "volume_id", kind: "string", repeated: false, secret: false },
    { name: "staging_target_path", kind: "string", repeated: false, secret: false },
  ],
  "csi.v1.NodeUnstageVolumeResponse": [],
  "csi.v1.PluginCapability": [
    {
      name: "service",
      kind: "message",
      type: "csi.v1.PluginCapability.Service",
      repeated: false,
      secret: false,
      oneof: "type",
    },
    {
      name: "volume_expansion",
      kind: "message",
      type: "csi.v1.PluginCapability.VolumeExpansion",
      repeated: false,
      secret: false,
      oneof: "type",
    },
  ],
  "csi.v1.PluginCapability.Service": [
    { name: "type", kind: "enum", type: "csi.v1.PluginCapability.Service.Type", repeated: false, secret: false },
  ],
  "csi.v1.PluginCapability.VolumeExpansion": [
    {
      name: "type",
      kind: "enum",
      type: "csi.v1.PluginCapability.VolumeExpansion.Type",
      repeated: false,
      secret: false,
    },
  ],
  "csi.v1.ProbeRequest": [],
  "csi.v1.ProbeResponse": [
    { name: "ready", kind: "message", type: "google.protobuf.BoolValue", repeated: false, secret: false },
  ],
  "csi.v1.Snapshot": [
    { name: "size_bytes", kind: "int64", repeated: false, secret: false },
    { name: "snapshot_id", kind: "string", repeated: false, secret: false },
    { name: "source_volume_id", kind: "string", repeated: false, secret: false },
    { name: "creation_time", kind: "message", type: "google.protobuf.Timestamp", repeated: false, secret: false },
    { name: "ready_to_use", kind: "bool", repeated: false, secret: false },
    { name: "group_snapshot_id", kind: "string", repeated: false, secret: false },
  ],
  "csi.v1.Topology": [
    { name: "segments", kind: "map", key: "string", value: "string", repeated: false, secret: false },
  ],
  "csi.v1.TopologyRequirement": [
    { name: "requisite", kind: "message", type: "csi.v1.Topology", repeated: true, secret: false },
    { name: "preferred", kind: "message", type: "csi.v1.Topology", repeated: true, secret: false },
  ],
  "csi.v1.ValidateVolumeCapabilitiesRequest": [
    { name: "volume_id", kind: "string", repeated: false, secret: false },
    { name: "volume_context", kind: "map", key: "string", value: "string", repeated: false, secret: false },
    { name: "volume_capabilities", kind: "message", type: "csi.v1.VolumeCapability", repeated: true, secret: false },
    { name: "parameters", kind: "map", key: "string", value: "string", repeated: false, secret: false },
    { name: "secrets", kind: "map", key: "string", value: "string", repeated: false, secret: true },
    { name: "mutable_parameters", kind: "map", key: "string", value: "string", repeated: false, secret: false },
  ],
  "csi.v1.ValidateVolumeCapabilitiesResponse": [
    {
      name: "confirmed",
      kind: "message",
      type: "csi.v1.ValidateVolumeCapabilitiesResponse.Confirmed",
      repeated: false,
      secret: false,
    },
    { name: "message", kind: "string", repeated: false, secret: false },
  ],
  "csi.v1.ValidateVolumeCapabilitiesResponse.Confirmed": [
    { name: "volume_context", kind: "map", key: "string", value: "string", repeated: false, secret: false },
    { name: "volume_capabilities", kind: "message", type: "csi.v1.VolumeCapability", repeated: true, secret: false },
    { name: "parameters", kind: "map", key: "string", value: "string", repeated: false, secret: false },
    { name: "mutable_parameters", kind: "map", key: "string", value: "string", repeated: false, secret: false },
  ],
  "csi.v1.Volume": [
    { name: "capacity_bytes", kind: "int64", repeated: false, secret: false },
    { name: "volume_id", kind: "string", repeated: false, secret: false },
    { name: "volume_context", kind: "map", key: "string", value: "string", repeated: false, secret: false },
    { name: "content_source", kind: "message", type: "csi.v1.VolumeContentSource", repeated: false, secret: false },
    { name: "accessible_topology", kind: "message", type: "csi.v1.Topology", repeated: true, secret: false },
  ],
  "csi.v1.VolumeCapability": [
    {
      name: "block",
      kind: "message",
      type: "csi.v1.VolumeCapability.BlockVolume",
      repeated: false,
      secret: false,
      oneof: "access_type",
    },
    {
      name: "mount",
      kind: "message",
      type: "csi.v1.VolumeCapability.MountVolume",
      repeated: false,
      secret: false,
      oneof: "access_type",
    },
    {
      name: "access_mode",
      kind: "message",
      type: "csi.v1.VolumeCapability.AccessMode",
      repeated: false,
      secret: false,
    },
  ],
  "csi.v1.VolumeCapability.AccessMode": [
    { name: "mode", kind: "enum", type: "csi.v1.VolumeCapability.AccessMode.Mode", repeated: false, secret: false },
  ],
  "csi.v1.VolumeCapability.BlockVolume": [],
  "csi.v1.VolumeCapability.MountVolume": [
    { name: "fs_type", kind: "string", repeated: false, secret: false },
    { name: "mount_flags", kind: "string", repeated: true, secret: false },
    { name: "volume_mount_group", kind: "string", repeated: false, secret: false },
  ],
  "csi.v1.VolumeCondition": [
    { name: "abnormal", kind: "bool", repeated: false, secret: false },
    { name: "message", kind: "string", repeated: false, secret: false },
  ],
  "csi.v1.VolumeContentSource": [
    {
      name: "snapshot",
      kind: "message",
      type: "csi.v1.VolumeContentSource.SnapshotSource",
      repeated: false,
      secret: false,
      oneof: "type",
    },
    {
      name: "volume",
      kind: "message",
      type: "csi.v1.VolumeContentSource.VolumeSource",
      repeated: false,
      secret: false,
      oneof: "type",
    },
  ],
  "csi.v1.VolumeContentSource.SnapshotSource": [
    { name: "snapshot_id", kind: "string", repeated: false, secret: false },
  ],
  "csi.v1.VolumeContentSource.VolumeSource": [{ name: "volume_id", kind: "string", repeated: false, secret: false }],
  "csi.v1.VolumeGroupSnapshot": [
    { name: "group_snapshot_id", kind: "string", repeated: false, secret: false },
    { name: "snapshots", kind: "message", type: "csi.v1.Snapshot", repeated: true, secret: false },
    { name: "creation_time", kind: "message", type: "google.protobuf.Timestamp", repeated: false, secret: false },
    { name: "ready_to_use", kind: "bool", repeated: false, secret: false },
  ],
  "csi.v1.VolumeUsage": [
    { name: "available", kind: "int64", repeated: false, secret: false },
    { name: "total", kind: "int64", repeated: false, secret: false },
    { name: "used", kind: "int64", repeated: false, secret: false },
    { name: "unit", kind: "enum", type: "csi.v1.VolumeUsage.Unit", repeated: false, secret: false },
  ],
  "google.protobuf.BoolValue": [{ name: "value", kind: "bool", repeated: false, secret: false }],
  "google.protobuf.Int64Value": [{ name: "value", kind: "int64", repeated: false, secret: false }],
  "google.protobuf.Timestamp": [
    { name: "seconds", kind: "int64", repeated: false, secret: false },
    { name: "nanos", kind: "int32", repeated: false, secret: false },
  ],
};
export const csiMethods: Readonly<Record<CsiMethodPath, CsiMethod>> = {
  "/csi.v1.Identity/GetPluginInfo": {
    service: "Identity",
    name: "GetPluginInfo",
    request: "csi.v1.GetPluginInfoRequest",
    response: "csi.v1.GetPluginInfoResponse",
    responseStream: false,
  },
  "/csi.v1.Identity/GetPluginCapabilities": {
    service: "Identity",
    name: "GetPluginCapabilities",
    request: "csi.v1.GetPluginCapabilitiesRequest",
    response: "csi.v1.GetPluginCapabilitiesResponse",
    responseStream: false,
  },
  "/csi.v1.Identity/Probe": {
    service: "Identity",
    name: "Probe",
    request: "csi.v1.ProbeRequest",
    response: "csi.v1.ProbeResponse",
    responseStream: false,
  },
  "/csi.v1.Controller/CreateVolume": {
    service: "Controller",
    name: "CreateVolume",
    request: "csi.v1.CreateVolumeRequest",
    response: "csi.v1.CreateVolumeResponse",
    responseStream: false,
  },
  "/csi.v1.Controller/DeleteVolume": {
    service: "Controller",
    name: "DeleteVolume",
    request: "csi.v1.DeleteVolumeRequest",
    response: "csi.v1.DeleteVolumeResponse",
    responseStream: false,
  },
  "/csi.v1.Controller/ControllerPublishVolume": {
    service: "Controller",
    name: "ControllerPublishVolume",
    request: "csi.v1.ControllerPublishVolumeRequest",
    response: "csi.v1.ControllerPublishVolumeResponse",
    responseStream: false,
  },
  "/csi.v1.Controller/ControllerUnpublishVolume": {
    service: "Controller",
    name: "ControllerUnpublishVolume",
    request: "csi.v1.ControllerUnpublishVolumeRequest",
    response: "csi.v1.ControllerUnpublishVolumeResponse",
    responseStream: false,
  },
  "/csi.v1.Controller/ValidateVolumeCapabilities": {
    service: "Controller",
    name: "ValidateVolumeCapabilities",
    request: "csi.v1.ValidateVolumeCapabilitiesRequest",
    response: "csi.v1.ValidateVolumeCapabilitiesResponse",
    responseStream: false,
  },
  "/csi.v1.Controller/ListVolumes": {
    service: "Controller",
    name: "ListVolumes",
    request: "csi.v1.ListVolumesRequest",
    response: "csi.v1.ListVolumesResponse",
    responseStream: false,
  },
  "/csi.v1.Controller/GetCapacity": {
    service: "Controller",
    name: "GetCapacity",
    request: "csi.v1.GetCapacityRequest",
    response: "csi.v1.GetCapacityResponse",
    responseStream: false,
  },
  "/csi.v1.Controller/ControllerGetCapabilities": {
    service: "Controller",
    name: "ControllerGetCapabilities",
    request: "csi.v1.ControllerGetCapabilitiesRequest",
    response: "csi.v1.ControllerGetCapabilitiesResponse",
    responseStream: false,
  },
  "/csi.v1.Controller/CreateSnapshot": {
    service: "Controller",
    name: "CreateSnapshot",
    request: "csi.v1.CreateSnapshotRequest",
    response: "csi.v1.CreateSnapshotResponse",
    responseStream: false,
  },
  "/csi.v1.Controller/DeleteSnapshot": {
    service: "Controller",
    name: "DeleteSnapshot",
    request: "csi.v1.DeleteSnapshotRequest",
    response: "csi.v1.DeleteSnapshotResponse",
    responseStream: false,
  },
  "/csi.v1.Controller/ListSnapshots": {
    service: "Controller",
    name: "ListSnapshots",
    request: "csi.v1.ListSnapshotsRequest",
    response: "csi.v1.ListSnapshotsResponse",
    responseStream: false,
  },
  "/csi.v1.Controller/GetSnapshot": {
    service: "Controller",
    name: "GetSnapshot",
    request: "csi.v1.GetSnapshotRequest",
    response: "csi.v1.GetSnapshotResponse",
    responseStream: false,
  },
  "/csi.v1.Controller/ControllerExpandVolume": {
    service: "Controller",
    name: "ControllerExpandVolume",
    request: "csi.v1.ControllerExpandVolumeRequest",
    response: "csi.v1.ControllerExpandVolumeResponse",
    responseStream: false,
  },
  "/csi.v1.Controller/ControllerGetVolume": {
    service: "Controller",
    name: "ControllerGetVolume",
    request: "csi.v1.ControllerGetVolumeRequest",
    response: "csi.v1.ControllerGetVolumeResponse",
    responseStream: false,
  },
  "/csi.v1.Controller/ControllerModifyVolume": {
    service: "Controller",
    name: "ControllerModifyVolume",
    request: "csi.v1.ControllerModifyVolumeRequest",
    response: "csi.v1.ControllerModifyVolumeResponse",
    responseStream: false,
  },
  "/csi.v1.GroupController/GroupControllerGetCapabilities": {
    service: "GroupController",
    name: "GroupControllerGetCapabilities",
    request: "csi.v1.GroupControllerGetCapabilitiesRequest",
    response: "csi.v1.GroupControllerGetCapabilitiesResponse",
    responseStream: false,
  },
  "/csi.v1.GroupController/CreateVolumeGroupSnapshot": {
    service: "GroupController",
    name: "CreateVolumeGroupSnapshot",
    request: "csi.v1.CreateVolumeGroupSnapshotRequest",
    response: "csi.v1.CreateVolumeGroupSnapshotResponse",
    responseStream: false,
  },
  "/csi.v1.GroupController/DeleteVolumeGroupSnapshot": {
    service: "GroupController",
    name: "DeleteVolumeGroupSnapshot",
    request: "csi.v1.DeleteVolumeGroupSnapshotRequest",
    response: "csi.v1.DeleteVolumeGroupSnapshotResponse",
    responseStream: false,
  },
  "/csi.v1.GroupController/GetVolumeGroupSnapshot": {
    service: "GroupController",
    name: "GetVolumeGroupSnapshot",
    request: "csi.v1.GetVolumeGroupSnapshotRequest",
    response: "csi.v1.GetVolumeGroupSnapshotResponse",
    responseStream: false,
  },
  "/csi.v1.SnapshotMetadata/GetMetadataAllocated": {
    service: "SnapshotMetadata",
    name: "GetMetadataAllocated",
    request: "csi.v1.GetMetadataAllocatedRequest",
    response: "csi.v1.GetMetadataAllocatedResponse",
    responseStream: true,
  },
  "/csi.v1.SnapshotMetadata/GetMetadataDelta": {
    service: "SnapshotMetadata",
    name: "GetMetadataDelta",
    request: "csi.v1.GetMetadataDeltaRequest",
    response: "csi.v1.GetMetadataDeltaResponse",
    responseStream: true,
  },
  "/csi.v1.Node/NodeStageVolume": {
    service: "Node",
    name: "NodeStageVolume",
    request: "csi.v1.NodeStageVolumeRequest",
    response: "csi.v1.NodeStageVolumeResponse",
    responseStream: false,
  },
  "/csi.v1.Node/NodeUnstageVolume": {
    service: "Node",
    name: "NodeUnstageVolume",
    request: "csi.v1.NodeUnstageVolumeRequest",
    response: "csi.v1.NodeUnstageVolumeResponse",
    responseStream: false,
  },
  "/csi.v1.Node/NodePublishVolume": {
    service: "Node",
    name: "NodePublishVolume",
    request: "csi.v1.NodePublishVolumeRequest",
    response: "csi.v1.NodePublishVolumeResponse",
    responseStream: false,
  },
  "/csi.v1.Node/NodeUnpublishVolume": {
    service: "Node",
    name: "NodeUnpublishVolume",
    request: "csi.v1.NodeUnpublishVolumeRequest",
    response: "csi.v1.NodeUnpublishVolumeResponse",
    responseStream: false,
  },
  "/csi.v1.Node/NodeGetVolumeStats": {
    service: "Node",
    name: "NodeGetVolumeStats",
    request: "csi.v1.NodeGetVolumeStatsRequest",
    response: "csi.v1.NodeGetVolumeStatsResponse",
    responseStream: false,
  },
  "/csi.v1.Node/NodeExpandVolume": {
    service: "Node",
    name: "NodeExpandVolume",
    request: "csi.v1.NodeExpandVolumeRequest",
    response: "csi.v1.NodeExpandVolumeResponse",
    responseStream: false,
  },
  "/csi.v1.Node/NodeGetCapabilities": {
    service: "Node",
    name: "NodeGetCapabilities",
    request: "csi.v1.NodeGetCapabilitiesRequest",
    response: "csi.v1.NodeGetCapabilitiesResponse",
    responseStream: false,
  },
  "/csi.v1.Node/NodeGetInfo": {
    service: "Node",
    name: "NodeGetInfo",
    request: "csi.v1.NodeGetInfoRequest",
    response: "csi.v1.NodeGetInfoResponse",
    responseStream: false,
  },
};
