/** What histories are about: few names, so that they meet. */
export const nodeNames = ["A", "B"] as const;
export type NodeName = (typeof nodeNames)[number];

export const volumeNames = ["a", "b", "c"] as const;
export type VolumeName = (typeof volumeNames)[number];

export const snapshotNames = ["s", "t"] as const;
export type SnapshotName = (typeof snapshotNames)[number];

export const pods = [0, 1] as const;
export type Pod = (typeof pods)[number];

export function stagingOf(volume: VolumeName): string {
  return `/staging/${volume}`;
}

export function targetOf(volume: VolumeName, pod: Pod): string {
  return `/pods/${pod}/${volume}`;
}
