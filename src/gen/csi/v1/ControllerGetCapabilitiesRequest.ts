// Generated from proto/csi.proto by scripts/generate.ts; do not edit.
export interface ControllerGetCapabilitiesRequest {
}

export interface ControllerGetCapabilitiesRequest__Output {
}
