// Generated from proto/csi.proto by scripts/generate.ts; do not edit.
export interface NodeGetCapabilitiesRequest {
}

export interface NodeGetCapabilitiesRequest__Output {
}
