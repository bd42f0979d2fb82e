// Generated from proto/csi.proto by scripts/generate.ts; do not edit.
export interface GetPluginCapabilitiesRequest {
}

export interface GetPluginCapabilitiesRequest__Output {
}
