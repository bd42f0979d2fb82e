// Generated from proto/csi.proto by scripts/generate.ts; do not edit.
export interface NodeGetInfoRequest {
}

export interface NodeGetInfoRequest__Output {
}
