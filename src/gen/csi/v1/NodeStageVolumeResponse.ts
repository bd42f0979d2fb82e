// Generated from proto/csi.proto by scripts/generate.ts; do not edit.
export interface NodeStageVolumeResponse {
}

export interface NodeStageVolumeResponse__Output {
}
