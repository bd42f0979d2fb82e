#!/bin/sh
# unshare --mount sh enter.sh ROOT RUN STATE COMMAND...
# Runs a command in an image's root as a container with a read-only root does: /tmp empty, /run and the state directory
# writable folders of the host, a few devices, and an empty /sys, so that no kernel module of this machine can be meant.
set -eu
root=$1 run=$2 state=$3
shift 3
mount --bind "$root" "$root"
mount -t tmpfs tmpfs "$root/tmp"
mount -t tmpfs tmpfs "$root/dev"
for device in null zero urandom; do
  : > "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mount -t tmpfs -o ro tmpfs "$root/sys"
mount --rbind /proc "$root/proc"
mount --bind "$run" "$root/run"
mount --bind "$state" "$root/var/lib/nvmetcp-csi"
mount -o remount,bind,ro "$root"
exec chroot "$root" "$@"
