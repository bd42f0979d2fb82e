/**
 * Who may import whom under src/ (DESIGN: the import arrow is the request arrow). One table for the linter, for the
 * test that proves the linter enforces it, and for docs/architecture.md.
 * A key is a folder of src/; its value lists the folders, or single files ("doors"), it may import besides itself.
 */
export const layers: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  lib: [],
  gen: [],
  host: ["lib", "domain"],
  config: ["domain", "lib"],
  observability: ["domain", "lib"],
  nvme: ["domain", "host", "lib"],
  filesystem: ["domain", "host", "lib"],
  "node-journal": ["domain", "host", "lib"],
  kubelet: ["domain", "host", "lib"],
  kubernetes: ["domain", "lib"],
  backends: ["domain", "host", "lib"],
  "target-agent": ["domain", "host", "lib"],
  services: ["domain", "lib", "backends/backend.ts", "nvme/index.ts", "filesystem/index.ts", "node-journal/index.ts"],
  csi: ["services", "domain", "gen", "observability", "lib"],
  app: [
    "backends",
    "config",
    "csi",
    "domain",
    "filesystem",
    "host",
    "kubelet",
    "kubernetes/index.ts",
    "lib",
    "node-journal",
    "nvme",
    "observability",
    "services",
    "target-agent",
  ],
};
