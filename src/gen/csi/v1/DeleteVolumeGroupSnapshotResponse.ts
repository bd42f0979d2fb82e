// Generated from proto/csi.proto by scripts/generate.ts; do not edit.
export interface DeleteVolumeGroupSnapshotResponse {
}

export interface DeleteVolumeGroupSnapshotResponse__Output {
}
