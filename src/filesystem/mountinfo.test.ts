import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isFilesystemOn, originOf, parseMountinfo, readMounts, topMountAt } from "./mountinfo.ts";

/** Captured from Linux 6.12, except for the last four lines. */
const captured = `\
23 30 0:21 / /proc rw,relatime - proc x rw
25 30 0:6 / /dev rw,relatime - devtmpfs x rw,size=1006536k,nr_inodes=251634,mode=755,inode64
30 1 0:25 / / rw,relatime - overlay x rw,lowerdir=/lower,upperdir=/rw/u,workdir=/rw/w,uuid=on
36 30 259:1 / /mnt/stage\\040dir rw,noatime - ext4 /dev/nvme0n1 rw,errors=remount-ro
37 30 259:1 / /mnt/pod ro,noatime shared:7 master:1 propagate_from:2 - ext4 /dev/nvme0n1 rw
38 30 0:6 /nvme0n1 /mnt/blockdev rw,relatime shared:9 - devtmpfs x rw,size=1006536k
39 30 0:44 /a\\134b /mnt/\\011t unbindable - fuse.x  rw
40 30 259:9 /sub /mnt/pod rw - ext4 /dev/nvme1n1 ro,emergency_ro
`;

describe("mountinfo", () => {
  const mounts = parseMountinfo(captured);

  it("is read line by line, oldest first, with escapes and optional fields", () => {
    assert.equal(mounts.length, 8);
    assert.deepEqual(mounts[3], {
      device: { major: 259, minor: 1 },
      root: "/",
      path: "/mnt/stage dir",
      type: "ext4",
      source: "/dev/nvme0n1",
      options: ["rw", "noatime"],
      superOptions: ["rw", "errors=remount-ro"],
    });
    assert.deepEqual(mounts[4]?.options, ["ro", "noatime"]);
    assert.equal(mounts[4].type, "ext4");
    assert.deepEqual([mounts[6]?.root, mounts[6]?.path, mounts[6]?.source], ["/a\\b", "/mnt/\tt", ""]);
  });

  it("shows the topmost mount at exactly a path", () => {
    assert.equal(topMountAt(mounts, "/mnt/pod")?.device.minor, 9);
    assert.equal(topMountAt(mounts, "/mnt"), undefined);
    assert.equal(topMountAt(mounts, "/mnt/stage"), undefined);
  });

  it("says where any path lies", () => {
    const place = (path: string) => originOf(mounts, path);
    assert.deepEqual(place("/mnt/stage dir"), { device: { major: 259, minor: 1 }, root: "/" });
    assert.deepEqual(place("/mnt/stage dir/a/b"), { device: { major: 259, minor: 1 }, root: "/a/b" });
    assert.deepEqual(place("/mnt/stage directory"), {
      device: { major: 0, minor: 25 },
      root: "/mnt/stage directory",
    });
    assert.deepEqual(place("/dev/nvme0n1"), { device: { major: 0, minor: 6 }, root: "/nvme0n1" });
    assert.deepEqual(place("/mnt/pod/x"), { device: { major: 259, minor: 9 }, root: "/sub/x" });
    assert.deepEqual(place("/"), { device: { major: 0, minor: 25 }, root: "/" });
  });

  it("knows a btrfs by its device's name, as its number is its own, and every other file system by the number", () => {
    const [btrfs, ext4] = parseMountinfo(
      "40 30 0:41 / /a rw - btrfs /dev/nvme0n1 rw\n41 30 259:1 / /b rw - ext4 /dev/nvme0n1 rw",
    );
    assert.ok(btrfs !== undefined && ext4 !== undefined);
    const device = { path: "/dev/nvme0n1", number: { major: 259, minor: 1 } };
    assert.deepEqual([isFilesystemOn(btrfs, device), isFilesystemOn(ext4, device)], [true, true]);
    const other = { path: "/dev/nvme1n1", number: { major: 0, minor: 41 } };
    assert.deepEqual([isFilesystemOn(btrfs, other), isFilesystemOn(ext4, other)], [false, false]);
  });

  it("that has not changed is the table that was read before, and nothing of another one", () => {
    assert.equal(parseMountinfo(captured), parseMountinfo(captured.slice()));
    const [first = "", ...others] = captured.split("\n");
    const fewer = parseMountinfo(others.join("\n"));
    assert.deepEqual(fewer, parseMountinfo(captured).slice(1));
    assert.deepEqual(parseMountinfo(first), parseMountinfo(captured).slice(0, 1));
  });

  it("of an unknown form is an error, never an empty table", async () => {
    assert.throws(() => parseMountinfo("36 30 259:1 / /mnt rw ext4"), { kind: "unavailable" });
    await assert.rejects(readMounts("/nowhere"), { kind: "unavailable", message: /proc must be mounted/ });
  });

  it("of this machine can be read", async () => {
    assert.ok(topMountAt(await readMounts("/proc"), "/") !== undefined);
  });
});
