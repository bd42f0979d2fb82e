/**
 * The specs of Kubernetes' External.Storage suite that may be skipped, each with the reason. A skip that no row names
 * fails the run, and so does a row that no skip needs: the list only shrinks.
 */
export interface AllowedSkip {
  readonly reason: string;
  /** Of the full name. */
  readonly specs: RegExp;
  /** The suite would try them, whatever the driver says of itself: they are left out. */
  readonly leaveOut?: true;
}

export const allowedSkips: readonly AllowedSkip[] = [
  { reason: "Volumes inside a pod's definition are of Kubernetes' own kinds.", specs: /\[Testpattern: Inline-volume / },
  {
    reason: "The suite can make volumes by hand only for back ends that it knows.",
    specs: /\[Testpattern: Pre-provisioned /,
  },
  {
    reason: "Ephemeral volumes of CSI's own kind are not offered; the generic ones are.",
    specs: /\[Testpattern: CSI Ephemeral-volume /,
  },
  { reason: "There are no Windows nodes.", specs: /\(ntfs\)/ },
  { reason: "Only ext4 yet.", specs: /\[Testpattern: Dynamic PV \((ext3|xfs)\)/ },
  { reason: "The suite's clusters have no snapshot-controller yet.", specs: /snapshot/i },
  {
    reason: "The suite deploys a volume populator whose images must be pulled from a registry; here is none.",
    specs: /any volume data source/,
    leaveOut: true,
  },
  {
    reason: "The nodes have no SELinux.",
    specs: /\[Feature:SELinux\]/,
    leaveOut: true,
  },
  { reason: "MODIFY_VOLUME is not advertised: the back ends have no mutable parameter.", specs: /volume-modify/ },
  { reason: "Performance goals would have to be given for this very machine.", specs: /-performance/ },
  { reason: "A cluster of one node has no topology.", specs: /\btopology\b/ },
  { reason: "There is no limit of volumes for a node by default.", specs: /\bvolumeLimits\b/ },
  { reason: "Needs two nodes.", specs: /on different node/ },
  // What the suite itself does not do in some of its patterns.
  { reason: "The suite does this with file systems only.", specs: /\(block volmode\).* mount multiple PV pointing/ },
  { reason: "Raw block has no mount options.", specs: /\(block volmode\).* provision storage with mount options/ },
  {
    reason: "The suite does not ask for read-only raw block inside a pod's definition.",
    specs: /\(block volmode\).* create read-only inline ephemeral/,
  },
  {
    reason: "The suite has the same spec with raw block, where both kinds of volume are used.",
    specs: /\(filesystem volmode\).* two volumes with different volume mode/,
  },
  {
    reason:
      "With immediate binding the volumes of one pod might come from segments apart; the suite does it late-binding.",
    specs: /\(immediate-binding\).* multiple inline ephemeral volumes/,
  },
];
