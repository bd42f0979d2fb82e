// Generated from proto/csi.proto by scripts/generate.ts; do not edit.
export interface DeleteSnapshotResponse {
}

export interface DeleteSnapshotResponse__Output {
}
