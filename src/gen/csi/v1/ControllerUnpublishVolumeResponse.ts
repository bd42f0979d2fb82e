// Generated from proto/csi.proto by scripts/generate.ts; do not edit.
export interface ControllerUnpublishVolumeResponse {
}

export interface ControllerUnpublishVolumeResponse__Output {
}
