/** Who may do what: the rules of the rendered roles, and the table of docs/permissions.md, in one form to compare. */
import type { V1PolicyRule, V1RoleRef, RbacV1Subject } from "@kubernetes/client-node";
import type { Manifest } from "./render.ts";

/** One row: what a component may do with one resource. */
export interface Grant {
  readonly component: string;
  /** `namespace`: only in the release's own. */
  readonly scope: string;
  /** `persistentvolumes`, or `csinodes.storage.k8s.io`. */
  readonly resource: string;
  /** Names of objects; empty: all. */
  readonly names: readonly string[];
  readonly verbs: readonly string[];
}

interface Role extends Manifest {
  readonly rules: readonly V1PolicyRule[];
}
interface Binding extends Manifest {
  readonly roleRef: V1RoleRef;
  readonly subjects: readonly RbacV1Subject[];
}

const prefix = "nvmetcp-csi-";

function isRole(manifest: Manifest): manifest is Role {
  return manifest.kind === "ClusterRole" || manifest.kind === "Role";
}
function isBinding(manifest: Manifest): manifest is Binding {
  return manifest.kind === "ClusterRoleBinding" || manifest.kind === "RoleBinding";
}

export function roles(manifests: readonly Manifest[]): readonly Role[] {
  return manifests.filter(isRole);
}

export function bindings(manifests: readonly Manifest[]): readonly Binding[] {
  return manifests.filter(isBinding);
}

/** The component of a role is the end of its name. */
function grantsOf(role: Role): readonly Grant[] {
  return role.rules.flatMap(({ apiGroups = [], resources = [], resourceNames = [], verbs }) =>
    apiGroups.flatMap((group) =>
      resources.map((resource) => ({
        component: role.metadata.name.slice(prefix.length),
        scope: role.metadata.namespace === undefined ? "cluster" : "namespace",
        resource: group === "" ? resource : `${resource}.${group}`,
        names: resourceNames,
        verbs: verbs.toSorted(),
      })),
    ),
  );
}

const order = (a: Grant, b: Grant) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

export function renderedGrants(manifests: readonly Manifest[]): readonly Grant[] {
  return roles(manifests).flatMap(grantsOf).toSorted(order);
}

/** Whether a right is granted only where the value `snapshots.enabled` is true. */
export function isForSnapshots({ component, resource }: Grant): boolean {
  return component === "snapshotter" || resource.endsWith(".snapshot.storage.k8s.io");
}

/** Whether `snapshots.groups.enabled` must be true as well. */
export function isForGroups({ resource }: Grant): boolean {
  return resource.endsWith(".groupsnapshot.storage.k8s.io");
}

/** The rows of the page's table: component, scope, resource, names, verbs, why. */
export function documentedGrants(page: string): readonly Grant[] {
  const words = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, word]) => word ?? "");
  const rows = page.split("\n").flatMap((line): readonly Grant[] => {
    const [component = "", scope = "", resource = "", names = "", verbs = "", why = ""] = line
      .split("|")
      .slice(1)
      .map((cell) => cell.trim());
    if (why === "" || words(resource).length !== 1) return [];
    const [only = ""] = words(resource);
    return [{ component, scope, resource: only, names: words(names), verbs: words(verbs).toSorted() }];
  });
  return rows.toSorted(order);
}
