// Generated from proto/csi.proto by scripts/generate.ts; do not edit.
export interface NodeUnpublishVolumeResponse {
}

export interface NodeUnpublishVolumeResponse__Output {
}
