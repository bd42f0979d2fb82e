// Generated from proto/csi.proto by scripts/generate.ts; do not edit.
export interface ControllerModifyVolumeResponse {
}

export interface ControllerModifyVolumeResponse__Output {
}
