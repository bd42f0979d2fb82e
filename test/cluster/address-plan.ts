/**
 * Addresses of a test cluster. Each cluster has a network namespace of its own, so all of them use the same ones.
 * Node n is numbered from 1.
 */

/** The control plane's end of the bridge. */
export const gateway = "10.77.0.1";

/** The `kubernetes` service: the address lies on the bridge, so that pods reach it with no kube-proxy. */
export const kubernetesService = "10.96.0.1";

export const serviceRange = "10.96.0.0/16";

export const mostNodes = 99;

export const nodeName = (node: number) => `node${node}`;

export const nodeAddress = (node: number) => `10.77.0.${100 + node}`;

export const podRange = (node: number) => `10.88.${node}.0/24`;

export const tapName = (node: number) => `tap${node}`;

export const macAddress = (node: number) => `52:54:00:00:00:${node.toString(16).padStart(2, "0")}`;
