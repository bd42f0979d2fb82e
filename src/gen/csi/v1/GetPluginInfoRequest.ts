// Generated from proto/csi.proto by scripts/generate.ts; do not edit.
export interface GetPluginInfoRequest {
}

export interface GetPluginInfoRequest__Output {
}
