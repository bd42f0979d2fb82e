// Generated from proto/csi.proto by scripts/generate.ts; do not edit.
export interface ProbeRequest {
}

export interface ProbeRequest__Output {
}
