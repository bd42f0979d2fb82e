#!/bin/bash
# Process 1 of the guest: what an init system would set up, then the agent; its end powers the machine off.
# Every program costs some 30 ms here, so there are few.
export PATH=/project/node_modules/node/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/root LANG=C.UTF-8
mkdir -p /dev/shm /dev/pts
modprobe -a configfs nvmet-tcp nvme-tcp loop dm-mod
echo "
tmpfs /run tmpfs mode=0755
tmpfs /tmp tmpfs mode=1777
tmpfs /dev/shm tmpfs mode=1777
devpts /dev/pts devpts mode=620,ptmxmode=666
cgroup2 /sys/fs/cgroup cgroup2 defaults
configfs /sys/kernel/config configfs defaults" > /etc/fstab
mount -a
# As on a Kubernetes node, where mounts made by a container must reach the others.
mount --make-rshared /
mkdir /run/lock
ln -s /proc/self/fd /dev/fd
ln -s fd/0 /dev/stdin
ln -s fd/1 /dev/stdout
ln -s fd/2 /dev/stderr
ip link set lo up
if [ -e /lab/address ]; then
  modprobe virtio_net
  ip link set eth0 up
  ip address add "$(< /lab/address)" dev eth0
fi
# The image is shared, an identity must not be; this one also outlives a reset.
read -r uuid < /sys/class/dmi/id/product_uuid
echo "lab-${uuid%%-*}" > /proc/sys/kernel/hostname
echo "${uuid//-/}" > /etc/machine-id
echo "nqn.2014-08.org.nvmexpress:uuid:$uuid" > /etc/nvme/hostnqn
echo "$uuid" > /etc/nvme/hostid
for port in /sys/class/virtio-ports/*; do
  [ "$(< "$port/name")" = lab ] && break
done
cd /
# One thread each waits for the port's two directions; the rest is for files.
UV_THREADPOOL_SIZE=8 node /lab/agent.mjs "/dev/${port##*/}"
echo "the agent ended with status $?"
echo o > /proc/sysrq-trigger
sleep 60
