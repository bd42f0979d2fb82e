// Generated from proto/csi.proto by scripts/generate.ts; do not edit.
export interface GroupControllerGetCapabilitiesRequest {
}

export interface GroupControllerGetCapabilitiesRequest__Output {
}
