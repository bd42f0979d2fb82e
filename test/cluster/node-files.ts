/**
 * What a node finds at /lab besides its start script and the agent: its identity and the configuration of its programs.
 */
import { chmod, copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gateway, nodeAddress, nodeName, podRange } from "./address-plan.ts";
import type { CertificateAuthority } from "./certificates.ts";
import { pauseImage } from "./images.ts";

/** Where boot.sh shows it in the guest. */
const lab = "/lab";

export async function writeNodeFiles(
  directory: string,
  node: number,
  nodes: readonly number[],
  authority: CertificateAuthority,
  authorizedKeys: string,
  signal: AbortSignal,
): Promise<void> {
  const put = async (name: string, content: string) => writeFile(join(directory, name), content);
  const name = nodeName(node);
  const address = nodeAddress(node);
  const subject = `/O=system:nodes/CN=system:node:${name}`;
  await authority.kubeconfig(join(directory, "kubeconfig"), subject, signal);
  const names = [`IP:${address}`, `DNS:${name}`];
  const serving = await authority.issue(`${name}-serving`, { subject: `/CN=${name}`, names }, signal);
  await copyFile(serving.certificate, join(directory, "serving.crt"));
  await copyFile(serving.key, join(directory, "serving.key"));
  await copyFile(authority.certificate, join(directory, "ca.crt"));
  for (const name of ["service.sh", "systemctl.sh"]) {
    await copyFile(join(import.meta.dirname, "guest", name), join(directory, name));
  }
  await chmod(join(directory, "systemctl.sh"), 0o755);
  await put("authorized_keys", authorizedKeys);
  const others = nodes.filter((other) => other !== node);
  const routes = others.map((other) => `route add ${podRange(other)} via ${nodeAddress(other)}`).join("\n");
  await put("node.env", `NODE=${name}\nADDRESS=${address}\nGATEWAY=${gateway}\nROUTES="${routes}"\n`);
  await put("kubelet.json", JSON.stringify(kubeletConfiguration));
  await put("containerd.toml", containerdConfiguration);
  await mkdir(join(directory, "cni"));
  await put("cni/pods.conflist", JSON.stringify(podNetwork(node)));
}

const kubeletConfiguration = {
  apiVersion: "kubelet.config.k8s.io/v1beta1",
  kind: "KubeletConfiguration",
  authentication: {
    anonymous: { enabled: false },
    webhook: { enabled: true },
    x509: { clientCAFile: `${lab}/ca.crt` },
  },
  authorization: { mode: "Webhook" },
  tlsCertFile: `${lab}/serving.crt`,
  tlsPrivateKeyFile: `${lab}/serving.key`,
  containerRuntimeEndpoint: "unix:///run/containerd/containerd.sock",
  cgroupDriver: "cgroupfs",
  failSwapOn: false,
  // Attach, mount and detach wait for a node's status that names the volume; by default it comes every 10 s.
  nodeStatusUpdateFrequency: "1s",
  resolvConf: "",
  // Nothing could bring an image back.
  imageGCHighThresholdPercent: 100,
  evictionHard: { "memory.available": "50Mi" },
};

const containerdConfiguration = `version = 2
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
]
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImage}"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${lab}/cni"
`;

function podNetwork(node: number) {
  const ipam = { type: "host-local", ranges: [[{ subnet: podRange(node) }]] };
  return {
    cniVersion: "1.0.0",
    name: "pods",
    plugins: [{ type: "bridge", bridge: "cni0", isDefaultGateway: true, ipam }],
  };
}
