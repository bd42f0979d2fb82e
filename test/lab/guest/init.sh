#!/bin/busybox sh
# Process 1 of the initrd: mounts the read-only root image under a tmpfs, the host's folders beside it, and goes there.
# Any failure ends it, and with it the kernel: the console then says why.
set -e
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t sysfs sysfs /sys
$b mount -t devtmpfs devtmpfs /dev
for m in /mod/*; do $b insmod "$m"; done
$b mount -t ext4 -o ro /dev/vda /lower
$b mount -t tmpfs -o mode=0755 tmpfs /upper
$b mkdir /upper/files /upper/work
$b mount -t overlay -o lowerdir=/lower,upperdir=/upper/files,workdir=/upper/work overlay /root
# The host's files do not change while a guest runs, so the guest may cache them.
options=trans=virtio,version=9p2000.L,msize=512000,cache=loose,ro
for share in lab project project-bin; do $b mount -t 9p -o $options $share /root/$share; done
for m in proc sys dev; do $b mount --move /$m /root/$m; done
exec $b switch_root /root /bin/bash /lab/boot.sh
