/**
 * Which programs of a Kubernetes cluster are built, and from which Go modules.
 * 1. Sidecars are compiled with the module versions of Kubernetes itself, so that they share its compiled packages.
 */

export const kubernetesVersion = "1.36.3";

const stripped = "-s -w";
const component = "k8s.io/component-base/version";
const [major = "", minor = ""] = kubernetesVersion.split(".");
// What `kubectl version` and the node's status show; without it they say v0.0.0 and refuse to work together.
const stamped = [
  stripped,
  `-X ${component}.gitVersion=v${kubernetesVersion}`,
  `-X ${component}.gitMajor=${major}`,
  `-X ${component}.gitMinor=${minor}`,
  `-X ${component}.gitTreeState=clean`,
].join(" ");

interface Sidecar {
  /** The name that clusters know the image by. */
  readonly image: string;
  readonly module: string;
  readonly version: string;
}

const registry = "registry.k8s.io/sig-storage";
const csi = "github.com/kubernetes-csi";

export const snapshotController: Sidecar = {
  image: `${registry}/snapshot-controller:v8.7.0`,
  module: `${csi}/external-snapshotter/v8`,
  version: "v8.7.0",
};

/** The module with the CRDs. */
export const snapshotClient = `${csi}/external-snapshotter/client/v8@${snapshotController.version}`;

/** By the name of the program, which is also its folder under `cmd` in the module. */
export const sidecars: Readonly<Record<string, Sidecar>> = {
  "csi-provisioner": {
    image: `${registry}/csi-provisioner:v6.3.0`,
    module: `${csi}/external-provisioner/v6`,
    version: "v6.3.0",
  },
  "csi-attacher": {
    image: `${registry}/csi-attacher:v4.13.0`,
    module: `${csi}/external-attacher/v4`,
    version: "v4.13.0",
  },
  "csi-resizer": {
    image: `${registry}/csi-resizer:v2.3.0`,
    module: `${csi}/external-resizer/v2`,
    version: "v2.3.0",
  },
  "csi-snapshotter": {
    image: `${registry}/csi-snapshotter:v8.7.0`,
    module: `${csi}/external-snapshotter/v8`,
    version: "v8.7.0",
  },
  "snapshot-controller": snapshotController,
};

interface Build {
  readonly command: readonly [string, ...string[]];
  readonly linkerFlags: string;
  readonly packages: readonly string[];
  /** The program's file name; without one, each package's own. */
  readonly output?: string;
}

export interface ProgramGroup {
  /** module@version, besides Kubernetes itself. */
  readonly modules: readonly string[];
  readonly builds: readonly Build[];
}

const build = ["build", "-v"] as const;
const commands = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kubectl"];

const kubernetes: ProgramGroup = {
  modules: [],
  builds: [
    { command: build, linkerFlags: stamped, packages: commands.map((name) => `k8s.io/kubernetes/cmd/${name}`) },
    // The version that Kubernetes itself requires.
    { command: build, linkerFlags: stripped, packages: ["go.etcd.io/etcd/server/v3"], output: "etcd" },
  ],
};

const sidecarGroup: ProgramGroup = {
  modules: [...new Set(Object.values(sidecars).map(({ module, version }) => `${module}@${version}`))],
  builds: [
    {
      command: build,
      linkerFlags: stripped,
      packages: Object.entries(sidecars).map(([program, { module }]) => `${module}/cmd/${program}`),
    },
  ],
};

/** Kubernetes' own end-to-end suite, what runs its specs in parallel, and the program in the images of its pods. */
const suite: ProgramGroup = {
  modules: [],
  builds: [
    { command: ["test", "-c"], linkerFlags: stamped, packages: ["k8s.io/kubernetes/test/e2e"], output: "e2e.test" },
    {
      command: build,
      linkerFlags: stripped,
      packages: ["k8s.io/kubernetes/test/images/agnhost", "github.com/onsi/ginkgo/v2/ginkgo"],
    },
  ],
};

export const programGroups = { kubernetes, sidecars: sidecarGroup, suite };

export type ProgramGroupName = keyof typeof programGroups;
