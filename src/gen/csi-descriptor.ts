// Generated from proto/csi.proto by scripts/generate.ts; do not edit.

import type { fromJSON, Options } from "@grpc/proto-loader";
/** The options the types in this folder were generated for; use no others. */
export const csiLoaderOptions = {
  keepCase: true,
  longs: String,
  enums: String,
  defaults: true,
  oneofs: true,
} as const satisfies Options;
const json = {
  nested: {
    csi: {
      nested: {
        v1: {
          nested: {
            Identity: {
              methods: {
                GetPluginInfo: {
                  requestType: "GetPluginInfoRequest",
                  responseType: "GetPluginInfoResponse",
                  comment: "",
                },
                GetPluginCapabilities: {
                  requestType: "GetPluginCapabilitiesRequest",
                  responseType: "GetPluginCapabilitiesResponse",
                  comment: "",
                },
                Probe: { requestType: "ProbeRequest", responseType: "ProbeResponse", comment: "" },
              },
            },
            Controller: {
              methods: {
                CreateVolume: { requestType: "CreateVolumeRequest", responseType: "CreateVolumeResponse", comment: "" },
                DeleteVolume: { requestType: "DeleteVolumeRequest", responseType: "DeleteVolumeResponse", comment: "" },
                ControllerPublishVolume: {
                  requestType: "ControllerPublishVolumeRequest",
                  responseType: "ControllerPublishVolumeResponse",
                  comment: "",
                },
                ControllerUnpublishVolume: {
                  requestType: "ControllerUnpublishVolumeRequest",
                  responseType: "ControllerUnpublishVolumeResponse",
                  comment: "",
                },
                ValidateVolumeCapabilities: {
                  requestType: "ValidateVolumeCapabilitiesRequest",
                  responseType: "ValidateVolumeCapabilitiesResponse",
                  comment: "",
                },
                ListVolumes: { requestType: "ListVolumesRequest", responseType: "ListVolumesResponse", comment: "" },
                GetCapacity: { requestType: "GetCapacityRequest", responseType: "GetCapacityResponse", comment: "" },
                ControllerGetCapabilities: {
                  requestType: "ControllerGetCapabilitiesRequest",
                  responseType: "ControllerGetCapabilitiesResponse",
                  comment: "",
                },
                CreateSnapshot: {
                  requestType: "CreateSnapshotRequest",
                  responseType: "CreateSnapshotResponse",
                  comment: "",
                },
                DeleteSnapshot: {
                  requestType: "DeleteSnapshotRequest",
                  responseType: "DeleteSnapshotResponse",
                  comment: "",
                },
                ListSnapshots: {
                  requestType: "ListSnapshotsRequest",
                  responseType: "ListSnapshotsResponse",
                  comment: "",
                },
                GetSnapshot: { requestType: "GetSnapshotRequest", responseType: "GetSnapshotResponse", comment: "" },
                ControllerExpandVolume: {
                  requestType: "ControllerExpandVolumeRequest",
                  responseType: "ControllerExpandVolumeResponse",
                  comment: "",
                },
                ControllerGetVolume: {
                  requestType: "ControllerGetVolumeRequest",
                  responseType: "ControllerGetVolumeResponse",
                  comment: "",
                },
                ControllerModifyVolume: {
                  requestType: "ControllerModifyVolumeRequest",
                  responseType: "ControllerModifyVolumeResponse",
                  comment: "",
                },
              },
            },
            GroupController: {
              methods: {
                GroupControllerGetCapabilities: {
                  requestType: "GroupControllerGetCapabilitiesRequest",
                  responseType: "GroupControllerGetCapabilitiesResponse",
                  comment: "",
                },
                CreateVolumeGroupSnapshot: {
                  requestType: "CreateVolumeGroupSnapshotRequest",
                  responseType: "CreateVolumeGroupSnapshotResponse",
                  comment: "",
                },
                DeleteVolumeGroupSnapshot: {
                  requestType: "DeleteVolumeGroupSnapshotRequest",
                  responseType: "DeleteVolumeGroupSnapshotResponse",
                  comment: "",
                },
                GetVolumeGroupSnapshot: {
                  requestType: "GetVolumeGroupSnapshotRequest",
                  responseType: "GetVolumeGroupSnapshotResponse",
                  comment: "",
                },
              },
            },
            SnapshotMetadata: {
              methods: {
                GetMetadataAllocated: {
                  requestType: "GetMetadataAllocatedRequest",
                  responseType: "GetMetadataAllocatedResponse",
                  responseStream: true,
                  comment: "",
                },
                GetMetadataDelta: {
                  requestType: "GetMetadataDeltaRequest",
                  responseType: "GetMetadataDeltaResponse",
                  responseStream: true,
                  comment: "",
                },
              },
            },
            Node: {
              methods: {
                NodeStageVolume: {
                  requestType: "NodeStageVolumeRequest",
                  responseType: "NodeStageVolumeResponse",
                  comment: "",
                },
                NodeUnstageVolume: {
                  requestType: "NodeUnstageVolumeRequest",
                  responseType: "NodeUnstageVolumeResponse",
                  comment: "",
                },
                NodePublishVolume: {
                  requestType: "NodePublishVolumeRequest",
                  responseType: "NodePublishVolumeResponse",
                  comment: "",
                },
                NodeUnpublishVolume: {
                  requestType: "NodeUnpublishVolumeRequest",
                  responseType: "NodeUnpublishVolumeResponse",
                  comment: "",
                },
                NodeGetVolumeStats: {
                  requestType: "NodeGetVolumeStatsRequest",
                  responseType: "NodeGetVolumeStatsResponse",
                  comment: "",
                },
                NodeExpandVolume: {
                  requestType: "NodeExpandVolumeRequest",
                  responseType: "NodeExpandVolumeResponse",
                  comment: "",
                },
                NodeGetCapabilities: {
                  requestType: "NodeGetCapabilitiesRequest",
                  responseType: "NodeGetCapabilitiesResponse",
                  comment: "",
                },
                NodeGetInfo: { requestType: "NodeGetInfoRequest", responseType: "NodeGetInfoResponse", comment: "" },
              },
            },
            GetPluginInfoRequest: { fields: {} },
            GetPluginInfoResponse: {
              fields: {
                name: { type: "string", id: 1 },
                vendor_version: { type: "string", id: 2 },
                manifest: { keyType: "string", type: "string", id: 3 },
              },
            },
            GetPluginCapabilitiesRequest: { fields: {} },
            GetPluginCapabilitiesResponse: {
              fields: { capabilities: { rule: "repeated", type: "PluginCapability", id: 1 } },
            },
            PluginCapability: {
              oneofs: { type: { oneof: ["service", "volume_expansion"] } },
              fields: { service: { type: "Service", id: 1 }, volume_expansion: { type: "VolumeExpansion", id: 2 } },
              nested: {
                Service: {
                  fields: { type: { type: "Type", id: 1 } },
                  nested: {
                    Type: {
                      values: {
                        UNKNOWN: 0,
                        CONTROLLER_SERVICE: 1,
                        VOLUME_ACCESSIBILITY_CONSTRAINTS: 2,
                        GROUP_CONTROLLER_SERVICE: 3,
                        SNAPSHOT_METADATA_SERVICE: 4,
                      },
                    },
                  },
                },
                VolumeExpansion: {
                  fields: { type: { type: "Type", id: 1 } },
                  nested: { Type: { values: { UNKNOWN: 0, ONLINE: 1, OFFLINE: 2 } } },
                },
              },
            },
            ProbeRequest: { fields: {} },
            ProbeResponse: { fields: { ready: { type: ".google.protobuf.BoolValue", id: 1 } } },
            CreateVolumeRequest: {
              fields: {
                name: { type: "string", id: 1 },
                capacity_range: { type: "CapacityRange", id: 2 },
                volume_capabilities: { rule: "repeated", type: "VolumeCapability", id: 3 },
                parameters: { keyType: "string", type: "string", id: 4 },
                secrets: { keyType: "string", type: "string", id: 5 },
                volume_content_source: { type: "VolumeContentSource", id: 6 },
                accessibility_requirements: { type: "TopologyRequirement", id: 7 },
                mutable_parameters: { keyType: "string", type: "string", id: 8 },
              },
            },
            VolumeContentSource: {
              oneofs: { type: { oneof: ["snapshot", "volume"] } },
              fields: { snapshot: { type: "SnapshotSource", id: 1 }, volume: { type: "VolumeSource", id: 2 } },
              nested: {
                SnapshotSource: { fields: { snapshot_id: { type: "string", id: 1 } } },
                VolumeSource: { fields: { volume_id: { type: "string", id: 1 } } },
              },
            },
            CreateVolumeResponse: { fields: { volume: { type: "Volume", id: 1 } } },
            VolumeCapability: {
              oneofs: { access_type: { oneof: ["block", "mount"] } },
              fields: {
                block: { type: "BlockVolume", id: 1 },
                mount: { type: "MountVolume", id: 2 },
                access_mode: { type: "AccessMode", id: 3 },
              },
              nested: {
                BlockVolume: { fields: {} },
                MountVolume: {
                  fields: {
                    fs_type: { type: "string", id: 1 },
                    mount_flags: { rule: "repeated", type: "string", id: 2 },
                    volume_mount_group: { type: "string", id: 3 },
                  },
                },
                AccessMode: {
                  fields: { mode: { type: "Mode", id: 1 } },
                  nested: {
                    Mode: {
                      values: {
                        UNKNOWN: 0,
                        SINGLE_NODE_WRITER: 1,
                        SINGLE_NODE_READER_ONLY: 2,
                        MULTI_NODE_READER_ONLY: 3,
                        MULTI_NODE_SINGLE_WRITER: 4,
                        MULTI_NODE_MULTI_WRITER: 5,
                        SINGLE_NODE_SINGLE_WRITER: 6,
                        SINGLE_NODE_MULTI_WRITER: 7,
                      },
                    },
                  },
                },
              },
            },
            CapacityRange: {
              fields: { required_bytes: { type: "int64", id: 1 }, limit_bytes: { type: "int64", id: 2 } },
            },
            Volume: {
              fields: {
                capacity_bytes: { type: "int64", id: 1 },
                volume_id: { type: "string", id: 2 },
                volume_context: { keyType: "string", type: "string", id: 3 },
                content_source: { type: "VolumeContentSource", id: 4 },
                accessible_topology: { rule: "repeated", type: "Topology", id: 5 },
              },
            },
            TopologyRequirement: {
              fields: {
                requisite: { rule: "repeated", type: "Topology", id: 1 },
                preferred: { rule: "repeated", type: "Topology", id: 2 },
              },
            },
            Topology: { fields: { segments: { keyType: "string", type: "string", id: 1 } } },
            DeleteVolumeRequest: {
              fields: { volume_id: { type: "string", id: 1 }, secrets: { keyType: "string", type: "string", id: 2 } },
            },
            DeleteVolumeResponse: { fields: {} },
            ControllerPublishVolumeRequest: {
              fields: {
                volume_id: { type: "string", id: 1 },
                node_id: { type: "string", id: 2 },
                volume_capability: { type: "VolumeCapability", id: 3 },
                readonly: { type: "bool", id: 4 },
                secrets: { keyType: "string", type: "string", id: 5 },
                volume_context: { keyType: "string", type: "string", id: 6 },
              },
            },
            ControllerPublishVolumeResponse: {
              fields: { publish_context: { keyType: "string", type: "string", id: 1 } },
            },
            ControllerUnpublishVolumeRequest: {
              fields: {
                volume_id: { type: "string", id: 1 },
                node_id: { type: "string", id: 2 },
                secrets: { keyType: "string", type: "string", id: 3 },
              },
            },
            ControllerUnpublishVolumeResponse: { fields: {} },
            ValidateVolumeCapabilitiesRequest: {
              fields: {
                volume_id: { type: "string", id: 1 },
                volume_context: { keyType: "string", type: "string", id: 2 },
                volume_capabilities: { rule: "repeated", type: "VolumeCapability", id: 3 },
                parameters: { keyType: "string", type: "string", id: 4 },
                secrets: { keyType: "string", type: "string", id: 5 },
                mutable_parameters: { keyType: "string", type: "string", id: 6 },
              },
            },
            ValidateVolumeCapabilitiesResponse: {
              fields: { confirmed: { type: "Confirmed", id: 1 }, message: { type: "string", id: 2 } },
              nested: {
                Confirmed: {
                  fields: {
                    volume_context: { keyType: "string", type: "string", id: 1 },
                    volume_capabilities: { rule: "repeated", type: "VolumeCapability", id: 2 },
                    parameters: { keyType: "string", type: "string", id: 3 },
                    mutable_parameters: { keyType: "string", type: "string", id: 4 },
                  },
                },
              },
            },
            ListVolumesRequest: {
              fields: { max_entries: { type: "int32", id: 1 }, starting_token: { type: "string", id: 2 } },
            },
            ListVolumesResponse: {
              fields: { entries: { rule: "repeated", type: "Entry", id: 1 }, next_token: { type: "string", id: 2 } },
              nested: {
                VolumeStatus: {
                  fields: {
                    published_node_ids: { rule: "repeated", type: "string", id: 1 },
                    volume_condition: { type: "VolumeCondition", id: 2 },
                  },
                },
                Entry: { fields: { volume: { type: "Volume", id: 1 }, status: { type: "VolumeStatus", id: 2 } } },
              },
            },
            ControllerGetVolumeRequest: { fields: { volume_id: { type: "string", id: 1 } } },
            ControllerGetVolumeResponse: {
              fields: { volume: { type: "Volume", id: 1 }, status: { type: "VolumeStatus", id: 2 } },
              nested: {
                VolumeStatus: {
                  fields: {
                    published_node_ids: { rule: "repeated", type: "string", id: 1 },
                    volume_condition: { type: "VolumeCondition", id: 2 },
                  },
                },
              },
            },
            ControllerModifyVolumeRequest: {
              fields: {
                volume_id: { type: "string", id: 1 },
                secrets: { keyType: "string", type: "string", id: 2 },
                mutable_parameters: { keyType: "string", type: "string", id: 3 },
              },
            },
            ControllerModifyVolumeResponse: { fields: {} },
            GetCapacityRequest: {
              fields: {
                volume_capabilities: { rule: "repeated", type: "VolumeCapability", id: 1 },
                parameters: { keyType: "string", type: "string", id: 2 },
                accessible_topology: { type: "Topology", id: 3 },
              },
            },
            GetCapacityResponse: {
              fields: {
                available_capacity: { type: "int64", id: 1 },
                maximum_volume_size: { type: "google.protobuf.Int64Value", id: 2 },
                minimum_volume_size: { type: "google.protobuf.Int64Value", id: 3 },
              },
            },
            ControllerGetCapabilitiesRequest: { fields: {} },
            ControllerGetCapabilitiesResponse: {
              fields: { capabilities: { rule: "repeated", type: "ControllerServiceCapability", id: 1 } },
            },
            ControllerServiceCapability: {
              oneofs: { type: { oneof: ["rpc"] } },
              fields: { rpc: { type: "RPC", id: 1 } },
              nested: {
                RPC: {
                  fields: { type: { type: "Type", id: 1 } },
                  nested: {
                    Type: {
                      values: {
                        UNKNOWN: 0,
                        CREATE_DELETE_VOLUME: 1,
                        PUBLISH_UNPUBLISH_VOLUME: 2,
                        LIST_VOLUMES: 3,
                        GET_CAPACITY: 4,
                        CREATE_DELETE_SNAPSHOT: 5,
                        LIST_SNAPSHOTS: 6,
                        CLONE_VOLUME: 7,
                        PUBLISH_READONLY: 8,
                        EXPAND_VOLUME: 9,
                        LIST_VOLUMES_PUBLISHED_NODES: 10,
                        VOLUME_CONDITION: 11,
                        GET_VOLUME: 12,
                        SINGLE_NODE_MULTI_WRITER: 13,
                        MODIFY_VOLUME: 14,
                        GET_SNAPSHOT: 15,
                      },
                    },
                  },
                },
              },
            },
            CreateSnapshotRequest: {
              fields: {
                source_volume_id: { type: "string", id: 1 },
                name: { type: "string", id: 2 },
                secrets: { keyType: "string", type: "string", id: 3 },
                parameters: { keyType: "string", type: "string", id: 4 },
              },
            },
            CreateSnapshotResponse: { fields: { snapshot: { type: "Snapshot", id: 1 } } },
            Snapshot: {
              fields: {
                size_bytes: { type: "int64", id: 1 },
                snapshot_id: { type: "string", id: 2 },
                source_volume_id: { type: "string", id: 3 },
                creation_time: { type: ".google.protobuf.Timestamp", id: 4 },
                ready_to_use: { type: "bool", id: 5 },
                group_snapshot_id: { type: "string", id: 6 },
              },
            },
            DeleteSnapshotRequest: {
              fields: { snapshot_id: { type: "string", id: 1 }, secrets: { keyType: "string", type: "string", id: 2 } },
            },
            DeleteSnapshotResponse: { fields: {} },
            ListSnapshotsRequest: {
              fields: {
                max_entries: { type: "int32", id: 1 },
                starting_token: { type: "string", id: 2 },
                source_volume_id: { type: "string", id: 3 },
                snapshot_id: { type: "string", id: 4 },
                secrets: { keyType: "string", type: "string", id: 5 },
              },
            },
            ListSnapshotsResponse: {
              fields: { entries: { rule: "repeated", type: "Entry", id: 1 }, next_token: { type: "string", id: 2 } },
              nested: { Entry: { fields: { snapshot: { type: "Snapshot", id: 1 } } } },
            },
            GetSnapshotRequest: {
              fields: { snapshot_id: { type: "string", id: 1 }, secrets: { keyType: "string", type: "string", id: 2 } },
            },
            GetSnapshotResponse: { fields: { snapshot: { type: "Snapshot", id: 1 } } },
            ControllerExpandVolumeRequest: {
              fields: {
                volume_id: { type: "string", id: 1 },
                capacity_range: { type: "CapacityRange", id: 2 },
                secrets: { keyType: "string", type: "string", id: 3 },
                volume_capability: { type: "VolumeCapability", id: 4 },
              },
            },
            ControllerExpandVolumeResponse: {
              fields: { capacity_bytes: { type: "int64", id: 1 }, node_expansion_required: { type: "bool", id: 2 } },
            },
            NodeStageVolumeRequest: {
              fields: {
                volume_id: { type: "string", id: 1 },
                publish_context: { keyType: "string", type: "string", id: 2 },
                staging_target_path: { type: "string", id: 3 },
                volume_capability: { type: "VolumeCapability", id: 4 },
                secrets: { keyType: "string", type: "string", id: 5 },
                volume_context: { keyType: "string", type: "string", id: 6 },
              },
            },
            NodeStageVolumeResponse: { fields: {} },
            NodeUnstageVolumeRequest: {
              fields: { volume_id: { type: "string", id: 1 }, staging_target_path: { type: "string", id: 2 } },
            },
            NodeUnstageVolumeResponse: { fields: {} },
            NodePublishVolumeRequest: {
              fields: {
                volume_id: { type: "string", id: 1 },
                publish_context: { keyType: "string", type: "string", id: 2 },
                staging_target_path: { type: "string", id: 3 },
                target_path: { type: "string", id: 4 },
                volume_capability: { type: "VolumeCapability", id: 5 },
                readonly: { type: "bool", id: 6 },
                secrets: { keyType: "string", type: "string", id: 7 },
                volume_context: { keyType: "string", type: "string", id: 8 },
              },
            },
            NodePublishVolumeResponse: { fields: {} },
            NodeUnpublishVolumeRequest: {
              fields: { volume_id: { type: "string", id: 1 }, target_path: { type: "string", id: 2 } },
            },
            NodeUnpublishVolumeResponse: { fields: {} },
            NodeGetVolumeStatsRequest: {
              fields: {
                volume_id: { type: "string", id: 1 },
                volume_path: { type: "string", id: 2 },
                staging_target_path: { type: "string", id: 3 },
              },
            },
            NodeGetVolumeStatsResponse: {
              fields: {
                usage: { rule: "repeated", type: "VolumeUsage", id: 1 },
                volume_condition: { type: "VolumeCondition", id: 2 },
              },
            },
            VolumeUsage: {
              fields: {
                available: { type: "int64", id: 1 },
                total: { type: "int64", id: 2 },
                used: { type: "int64", id: 3 },
                unit: { type: "Unit", id: 4 },
              },
              nested: { Unit: { values: { UNKNOWN: 0, BYTES: 1, INODES: 2 } } },
            },
            VolumeCondition: { fields: { abnormal: { type: "bool", id: 1 }, message: { type: "string", id: 2 } } },
            NodeGetCapabilitiesRequest: { fields: {} },
            NodeGetCapabilitiesResponse: {
              fields: { capabilities: { rule: "repeated", type: "NodeServiceCapability", id: 1 } },
            },
            NodeServiceCapability: {
              oneofs: { type: { oneof: ["rpc"] } },
              fields: { rpc: { type: "RPC", id: 1 } },
              nested: {
                RPC: {
                  fields: { type: { type: "Type", id: 1 } },
                  nested: {
                    Type: {
                      values: {
                        UNKNOWN: 0,
                        STAGE_UNSTAGE_VOLUME: 1,
                        GET_VOLUME_STATS: 2,
                        EXPAND_VOLUME: 3,
                        VOLUME_CONDITION: 4,
                        SINGLE_NODE_MULTI_WRITER: 5,
                        VOLUME_MOUNT_GROUP: 6,
                      },
                    },
                  },
                },
              },
            },
            NodeGetInfoRequest: { fields: {} },
            NodeGetInfoResponse: {
              fields: {
                node_id: { type: "string", id: 1 },
                max_volumes_per_node: { type: "int64", id: 2 },
                accessible_topology: { type: "Topology", id: 3 },
              },
            },
            NodeExpandVolumeRequest: {
              fields: {
                volume_id: { type: "string", id: 1 },
                volume_path: { type: "string", id: 2 },
                capacity_range: { type: "CapacityRange", id: 3 },
                staging_target_path: { type: "string", id: 4 },
                volume_capability: { type: "VolumeCapability", id: 5 },
                secrets: { keyType: "string", type: "string", id: 6 },
              },
            },
            NodeExpandVolumeResponse: { fields: { capacity_bytes: { type: "int64", id: 1 } } },
            GroupControllerGetCapabilitiesRequest: { fields: {} },
            GroupControllerGetCapabilitiesResponse: {
              fields: { capabilities: { rule: "repeated", type: "GroupControllerServiceCapability", id: 1 } },
            },
            GroupControllerServiceCapability: {
              oneofs: { type: { oneof: ["rpc"] } },
              fields: { rpc: { type: "RPC", id: 1 } },
              nested: {
                RPC: {
                  fields: { type: { type: "Type", id: 1 } },
                  nested: { Type: { values: { UNKNOWN: 0, CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT: 1 } } },
                },
              },
            },
            CreateVolumeGroupSnapshotRequest: {
              fields: {
                name: { type: "string", id: 1 },
                source_volume_ids: { rule: "repeated", type: "string", id: 2 },
                secrets: { keyType: "string", type: "string", id: 3 },
                parameters: { keyType: "string", type: "string", id: 4 },
              },
            },
            CreateVolumeGroupSnapshotResponse: { fields: { group_snapshot: { type: "VolumeGroupSnapshot", id: 1 } } },
            VolumeGroupSnapshot: {
              fields: {
                group_snapshot_id: { type: "string", id: 1 },
                snapshots: { rule: "repeated", type: "Snapshot", id: 2 },
                creation_time: { type: ".google.protobuf.Timestamp", id: 3 },
                ready_to_use: { type: "bool", id: 4 },
              },
            },
            DeleteVolumeGroupSnapshotRequest: {
              fields: {
                group_snapshot_id: { type: "string", id: 1 },
                snapshot_ids: { rule: "repeated", type: "string", id: 2 },
                secrets: { keyType: "string", type: "string", id: 3 },
              },
            },
            DeleteVolumeGroupSnapshotResponse: { fields: {} },
            GetVolumeGroupSnapshotRequest: {
              fields: {
                group_snapshot_id: { type: "string", id: 1 },
                snapshot_ids: { rule: "repeated", type: "string", id: 2 },
                secrets: { keyType: "string", type: "string", id: 3 },
              },
            },
            GetVolumeGroupSnapshotResponse: { fields: { group_snapshot: { type: "VolumeGroupSnapshot", id: 1 } } },
            BlockMetadata: { fields: { byte_offset: { type: "int64", id: 1 }, size_bytes: { type: "int64", id: 2 } } },
            BlockMetadataType: { values: { UNKNOWN: 0, FIXED_LENGTH: 1, VARIABLE_LENGTH: 2 } },
            GetMetadataAllocatedRequest: {
              fields: {
                snapshot_id: { type: "string", id: 1 },
                starting_offset: { type: "int64", id: 2 },
                max_results: { type: "int32", id: 3 },
                secrets: { keyType: "string", type: "string", id: 4 },
              },
            },
            GetMetadataAllocatedResponse: {
              fields: {
                block_metadata_type: { type: "BlockMetadataType", id: 1 },
                volume_capacity_bytes: { type: "int64", id: 2 },
                block_metadata: { rule: "repeated", type: "BlockMetadata", id: 3 },
              },
            },
            GetMetadataDeltaRequest: {
              fields: {
                base_snapshot_id: { type: "string", id: 1 },
                target_snapshot_id: { type: "string", id: 2 },
                starting_offset: { type: "int64", id: 3 },
                max_results: { type: "int32", id: 4 },
                secrets: { keyType: "string", type: "string", id: 5 },
              },
            },
            GetMetadataDeltaResponse: {
              fields: {
                block_metadata_type: { type: "BlockMetadataType", id: 1 },
                volume_capacity_bytes: { type: "int64", id: 2 },
                block_metadata: { rule: "repeated", type: "BlockMetadata", id: 3 },
              },
            },
          },
        },
      },
    },
    google: {
      nested: {
        protobuf: {
          nested: {
            BoolValue: { fields: { value: { type: "bool", id: 1 } } },
            Int64Value: { fields: { value: { type: "int64", id: 1 } } },
            Timestamp: { fields: { seconds: { type: "int64", id: 1 }, nanos: { type: "int32", id: 2 } } },
          },
        },
      },
    },
  },
};
export const csiDescriptor: Parameters<typeof fromJSON>[0] = json;
