// Generated from proto/csi.proto by scripts/generate.ts; do not edit.
export interface BoolValue {
  'value'?: (boolean);
}

export interface BoolValue__Output {
  'value': (boolean);
}
