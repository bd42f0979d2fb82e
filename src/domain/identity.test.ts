import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  driverName,
  exportIdentityOf,
  filesystemUuidOf,
  hostIdentityOf,
  nqnPrefixOf,
  parseSnapshotId,
  parseVolumeId,
  snapshotIdOf,
  volumeIdOf,
  type ClusterId,
  type Uuid,
} from "./identity.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/** RFC 9562 section 5.5, written here a second time: SHA-1 of namespace and name, version 5, variant 10. */
function uuidv5(name: string, namespace: string): string {
  const bytes = createHash("sha1")
    .update(Buffer.from(namespace.replaceAll("-", ""), "hex"))
    .update(name)
    .digest()
    .subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

const dnsNamespace = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
const cluster = "3f0b1c2d-0000-4000-8000-000000000001" as ClusterId;
const node = "7f000000-1111-4222-8333-444455556666" as Uuid;
const clusters = fc.string({ minLength: 1, maxLength: 64 }).map((text) => text as ClusterId);
const names = fc.string({ minLength: 1, maxLength: 64 });

describe("the identity of a volume", () => {
  it("has vectors that never change, because volumes in the field bear these names", () => {
    const id = volumeIdOf(cluster, "pvc-1");
    assert.equal(driverName, "csi.nvmetcp.dev");
    assert.equal(id, "v1-006ba0c465bcccbaab936f98f5f27887");
    assert.deepEqual(exportIdentityOf(cluster, id), {
      nqn: "nqn.2026-11.dev.nvmetcp.csi:8becdfde:v1-006ba0c465bcccbaab936f98f5f27887",
      uuid: "0ad18a0b-385f-56de-8cac-1409747e1200",
      serial: "006ba0c465bcccbaab93",
    });
    assert.equal(filesystemUuidOf(cluster, id), "7dbe29b1-0d2e-5708-b581-34219ee2d1fe");
    assert.deepEqual(hostIdentityOf(node, id, 3), {
      hostNqn: "nqn.2014-08.org.nvmexpress:uuid:6d2d79a2-31cc-537e-8c49-c77419bec9ed",
      hostId: "6d2d79a2-31cc-537e-8c49-c77419bec9ed",
    });
  });

  it("is what the design says, computed a second time", () => {
    const id = volumeIdOf(cluster, "pvc-1");
    assert.equal(id, `v1-${sha256(`${cluster}\0pvc-1`).slice(0, 32)}`);
    const { nqn, uuid, serial } = exportIdentityOf(cluster, id);
    assert.equal(nqn, `nqn.2026-11.dev.nvmetcp.csi:${sha256(cluster).slice(0, 8)}:${id}`);
    const namespace = uuidv5("csi.nvmetcp.dev", dnsNamespace);
    assert.equal(uuid, uuidv5(nqn, namespace));
    assert.equal(serial, id.slice(3, 23));
    assert.equal(hostIdentityOf(node, id, 7).hostId, uuidv5(`${id} 7`, node));
  });

  it("fits what kernels take: NQN of 222 bytes, serial of 20 characters (V19, V20)", () => {
    fc.assert(
      fc.property(clusters, names, (owner, name) => {
        const { nqn, serial } = exportIdentityOf(owner, volumeIdOf(owner, name));
        assert.ok(Buffer.byteLength(nqn) <= 222);
        assert.match(nqn, /^[a-z0-9.:-]+$/);
        assert.match(serial, /^[0-9a-f]{20}$/);
      }),
    );
  });

  it("differs between clusters, and between names of one cluster", () => {
    fc.assert(
      fc.property(clusters, clusters, names, names, (a, b, nameA, nameB) => {
        fc.pre(a !== b || nameA !== nameB);
        assert.notEqual(volumeIdOf(a, nameA), volumeIdOf(b, nameB));
      }),
    );
    assert.notEqual(volumeIdOf("ab" as ClusterId, "c"), volumeIdOf("a" as ClusterId, "bc"), "a separator is between");
  });

  it("has an NQN that is no prefix of another one (F13)", () => {
    fc.assert(
      fc.property(clusters, clusters, names, names, (a, b, nameA, nameB) => {
        const [one, other] = [exportIdentityOf(a, volumeIdOf(a, nameA)), exportIdentityOf(b, volumeIdOf(b, nameB))];
        assert.ok(one.nqn === other.nqn || !other.nqn.startsWith(one.nqn));
      }),
    );
  });

  it("starts with the prefix of its cluster, and with no other cluster's", () => {
    const { nqn } = exportIdentityOf(cluster, volumeIdOf(cluster, "pvc-1"));
    assert.ok(nqn.startsWith(nqnPrefixOf(cluster)));
    assert.ok(!nqn.startsWith(nqnPrefixOf("other" as ClusterId)));
  });

  it("gives each node, volume and epoch a host of its own (V41)", () => {
    const [one, two] = [volumeIdOf(cluster, "one"), volumeIdOf(cluster, "two")];
    const other = "7f000000-1111-4222-8333-444455556667" as Uuid;
    const hosts = [node, other].flatMap((uuid) =>
      [one, two].flatMap((volume) => [1, 2, 11].map((epoch) => hostIdentityOf(uuid, volume, epoch).hostNqn)),
    );
    assert.equal(new Set(hosts).size, hosts.length);
    for (const host of hosts) assert.match(host, /^nqn\.2014-08\.org\.nvmexpress:uuid:[0-9a-f-]{36}$/);
  });
});

describe("the identity of a snapshot", () => {
  it("has a vector that never changes, and is what the design says", () => {
    const id = snapshotIdOf(cluster, "snapshot-1");
    assert.equal(id, `s1-${sha256(`${cluster}\0snapshot-1`).slice(0, 32)}`);
    assert.equal(id, "s1-36e8fcbe316fa55b2bf4707406378ff1");
    assert.equal(parseSnapshotId(id), id);
  });

  it("differs between clusters and names, and from that of the volume of the same name", () => {
    const [one, other] = [snapshotIdOf(cluster, "a"), snapshotIdOf(cluster, "b")];
    assert.notEqual(one, other);
    assert.notEqual(one, snapshotIdOf("other" as ClusterId, "a"));
    assert.notEqual(one, volumeIdOf(cluster, "a"));
  });
});

const kinds = [
  { kind: "volume", prefix: "v1-", parse: parseVolumeId },
  { kind: "snapshot", prefix: "s1-", parse: parseSnapshotId },
] as const;
for (const { kind, prefix, parse } of kinds) {
  describe(`a ${kind} id`, () => {
    const good = `${prefix}${"0123456789abcdef".repeat(2)}`;
    it("parses when it is exactly one", () => {
      assert.equal(parse(good), good);
    });
    const bad = ["", prefix, good.slice(0, -1), `${good}0`, good.toUpperCase(), good.replace("1-", "2-"), `../${good}`];
    const others = kinds.filter((one) => one.prefix !== prefix).map((one) => good.replace(prefix, one.prefix));
    for (const text of [...bad, ...others, `${good}\n`, ` ${good}`, `${good}/..`, `${prefix}${"g".repeat(32)}`]) {
      it(`does not parse from ${JSON.stringify(text)}`, () => {
        assert.equal(parse(text), undefined);
      });
    }
  });
}
