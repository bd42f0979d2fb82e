// Generated from proto/csi.proto by scripts/generate.ts; do not edit.
export interface NodeUnstageVolumeResponse {
}

export interface NodeUnstageVolumeResponse__Output {
}
