// Generated from proto/csi.proto by scripts/generate.ts; do not edit.
export interface NodePublishVolumeResponse {
}

export interface NodePublishVolumeResponse__Output {
}
