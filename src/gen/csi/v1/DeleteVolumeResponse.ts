// Generated from proto/csi.proto by scripts/generate.ts; do not edit.
export interface DeleteVolumeResponse {
}

export interface DeleteVolumeResponse__Output {
}
