/**
 * Compares manifests with the types of the Kubernetes API, as @kubernetes/client-node carries them at run time: a field
 * that the API does not know, or a value of the wrong kind, is named with its path. Of the kinds that come from
 * CustomResourceDefinitions, those that the chart uses are described here.
 */
import * as client from "@kubernetes/client-node";
import type { Manifest } from "./render.ts";

interface Attribute {
  readonly baseName: string;
  readonly type: string;
}
interface Model {
  readonly getAttributeTypeMap: () => readonly Attribute[];
}

const texts = "{ [key: string]: string; }";
const snapshotClass = { driver: "string", deletionPolicy: "string", parameters: texts };
const customFields: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  V1VolumeSnapshotClass: snapshotClass,
  V1VolumeGroupSnapshotClass: snapshotClass,
};

function isModel(value: unknown): value is Model {
  return typeof value === "function" && "getAttributeTypeMap" in value;
}

/** The fields of a type, each with its own type. */
function fieldsOf(type: string, path: string): ReadonlyMap<string, string> {
  const custom = customFields[type];
  const every = { apiVersion: "string", kind: "string", metadata: "V1ObjectMeta" };
  if (custom !== undefined) return new Map(Object.entries({ ...every, ...custom }));
  const models: Readonly<Record<string, unknown>> = client;
  const model = models[type];
  if (!isModel(model)) throw new Error(`cannot check ${path}: the client must know the type; got ${type}`);
  return new Map(model.getAttributeTypeMap().map((attribute) => [attribute.baseName, attribute.type]));
}

/** What is wrong with a value of the type, one line each. */
function faults(value: unknown, type: string, path: string): readonly string[] {
  const list = /^(?:Array|Set)<(.*)>$/.exec(type)?.[1];
  const map = /^\{ \[key: string\]: (.*); \}$/.exec(type)?.[1];
  if (list !== undefined) {
    if (!Array.isArray(value)) return [`${path} must be a list`];
    return value.flatMap((item, index) => faults(item, list, `${path}[${index}]`));
  }
  if (["any", "object"].includes(type)) return [];
  if (type === "IntOrString") return ["number", "string"].includes(typeof value) ? [] : [`${path} must be ${type}`];
  if (["string", "number", "boolean"].includes(type)) {
    return typeof value === type ? [] : [`${path} must be a ${type}`];
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [`${path} must be an object`];
  if (map !== undefined) return Object.entries(value).flatMap(([key, item]) => faults(item, map, `${path}.${key}`));
  const fields = fieldsOf(type, path);
  return Object.entries(value).flatMap(([key, item]: [string, unknown]) => {
    const inner = fields.get(key);
    return inner === undefined ? [`${path}.${key} is not in the API`] : faults(item, inner, `${path}.${key}`);
  });
}

/** The API's type of a kind: `apps/v1` StatefulSet is V1StatefulSet. */
export function shapeFaults(manifest: Manifest): readonly string[] {
  const version = manifest.apiVersion.split("/").at(-1) ?? "";
  const type = `${version.charAt(0).toUpperCase()}${version.slice(1)}${manifest.kind}`;
  return faults(manifest, type, manifest.kind);
}
