// Generated from proto/csi.proto by scripts/generate.ts; do not edit.
export interface Topology {
  'segments'?: ({[key: string]: string});
}

export interface Topology__Output {
  'segments': ({[key: string]: string});
}
