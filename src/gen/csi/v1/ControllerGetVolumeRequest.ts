// Generated from proto/csi.proto by scripts/generate.ts; do not edit.
export interface ControllerGetVolumeRequest {
  'volume_id'?: (string);
}

export interface ControllerGetVolumeRequest__Output {
  'volume_id': (string);
}
