/**
 * One backing file, exported by what else Linux has for it: iSCSI (LIO, its back store fileio) and NFS 4.2, both over
 * loopback and mounted in the same guest. What the kernel's own defaults are stays as it is.
 */
import { basename, dirname } from "node:path";
import type { Machine } from "../lab/machine.ts";

export const exportPackages = ["open-iscsi", "nfs-kernel-server"];

export interface OtherExports extends AsyncDisposable {
  /** The disk that the iSCSI initiator shows. */
  readonly iscsi: string;
  /** The file in the NFS mount. */
  readonly nfs: string;
}

const iqn = "iqn.2026-11.dev.nvmetcp.bench";
const nfsRoot = "/run/bench-nfs";
const core = "/sys/kernel/config/target/core/fileio_0/bench";
const target = `/sys/kernel/config/target/iscsi/${iqn}:target`;
const portalGroup = `${target}/tpgt_1`;

/** Whoever connects gets in, and may write: there is nobody else in the guest. */
const iscsiUp = (file: string) => `
modprobe -a iscsi_target_mod target_core_file iscsi_tcp sd_mod
mkdir -p ${core}; echo "fd_dev_name=${file},fd_dev_size=$(stat --format=%s ${file})" > ${core}/control
echo 1 > ${core}/enable
mkdir -p ${portalGroup}/np/127.0.0.1:3260 ${portalGroup}/lun/lun_0; ln -s ${core} ${portalGroup}/lun/lun_0/bench
cd ${portalGroup}/attrib; echo 0 > authentication; echo 1 > generate_node_acls; echo 0 > demo_mode_write_protect; cd /
echo 1 > ${portalGroup}/enable
iscsistart -i ${iqn}:host -t ${iqn}:target -g 1 -a 127.0.0.1 -p 3260 >&2
until disk=$(ls -d /sys/class/iscsi_session/session*/device/target*/*/block/sd* 2> /dev/null); do sleep 0.2; done
echo /dev/\${disk##*/}`;

const iscsiDown = `
echo 1 > /sys/class/iscsi_session/session*/device/target*/*/delete || true
echo 0 > ${portalGroup}/enable; rm ${portalGroup}/lun/lun_0/bench
rmdir ${portalGroup}/lun/lun_0 ${portalGroup}/np/127.0.0.1:3260 ${portalGroup} ${target} ${core}`;

/** NFS 4 alone needs no portmapper; its grace period, in which nobody may open a file, has no use here. */
const nfsUp = (directory: string) => `
modprobe -a nfsd nfsv4
mountpoint -q /proc/fs/nfsd || mount -t nfsd nfsd /proc/fs/nfsd
exportfs -o rw,no_root_squash,no_subtree_check,insecure,fsid=0 127.0.0.1:${directory}
rpc.nfsd --no-nfs-version 3 --grace-time 10 --lease-time 10 2
rpc.mountd --no-nfs-version 3
echo Y > /proc/fs/nfsd/v4_end_grace
mkdir -p ${nfsRoot}; mount -t nfs4 -o vers=4.2,proto=tcp 127.0.0.1:/ ${nfsRoot}`;

const nfsDown = `umount ${nfsRoot}; rmdir ${nfsRoot}; rpc.nfsd 0; exportfs -ua; pkill -x rpc.mountd`;

export async function startOtherExports(machine: Machine, file: string): Promise<OtherExports> {
  await using stack = new AsyncDisposableStack();
  const down = (script: string) =>
    stack.defer(async () => {
      await machine.sh(script, { check: false });
    });
  down(iscsiDown);
  const { stdout } = await machine.sh(iscsiUp(file));
  down(nfsDown);
  await machine.sh(nfsUp(dirname(file)));
  const held = stack.move();
  const close = async () => held.disposeAsync();
  return { iscsi: stdout.trim(), nfs: `${nfsRoot}/${basename(file)}`, [Symbol.asyncDispose]: close };
}
