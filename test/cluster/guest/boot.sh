#!/bin/bash
# Process 1 of a node: what an init system would set up, containerd and the kubelet, then the agent; its end powers the
# machine off. NVMe/TCP is not loaded: that is for the driver to do.
export PATH=/project/node_modules/node/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/root LANG=C.UTF-8
. /lab/node.env
mkdir -p /dev/shm /dev/pts /dev/virtio-ports
modprobe -a configfs loop virtio_net virtio_console veth bridge xfs
echo "
tmpfs /run tmpfs mode=0755
tmpfs /tmp tmpfs mode=1777
tmpfs /dev/shm tmpfs mode=1777
devpts /dev/pts devpts mode=620,ptmxmode=666
cgroup2 /sys/fs/cgroup cgroup2 defaults
configfs /sys/kernel/config configfs defaults" > /etc/fstab
mount -a
mount --make-rshared /
mkdir /run/lock
ln -s /proc/self/fd /dev/fd
ln -s fd/0 /dev/stdin
ln -s fd/1 /dev/stdout
ln -s fd/2 /dev/stderr
for port in /sys/class/virtio-ports/*; do ln -s "../${port##*/}" "/dev/virtio-ports/$(< "$port/name")"; done

# What a node keeps over a power loss. The state's own mount is private, so that each of its folders is a mount with no
# peer: otherwise every volume mounted under one of them would show a second time. Not /var/lib/cni: libcni does not
# fsync what it keeps of a pod's network, and with an empty file there the pod's sandbox can never be stopped.
mount -o noatime /dev/vdb /var/lib/node
mount --make-private /var/lib/node
for folder in containerd kubelet nvmetcp-csi; do mount --bind "/var/lib/node/$folder" "/var/lib/$folder"; done
mount --bind /var/lib/node/log /var/log
umount /var/lib/node
[ "$(head -c 4 /dev/vdc)" = XFSB ] || mkfs.xfs -q /dev/vdc
mkdir -p /var/lib/nvmetcp-csi/pool
mount /dev/vdc /var/lib/nvmetcp-csi/pool

echo "$NODE" > /proc/sys/kernel/hostname
ip -batch - << BATCH
link set lo up
link set eth0 up
address add $ADDRESS/24 dev eth0
route add default via $GATEWAY
$ROUTES
BATCH
echo 1 > /proc/sys/net/ipv4/ip_forward
read -r uuid < /sys/class/dmi/id/product_uuid
echo "${uuid//-/}" > /etc/machine-id
mkdir -p /etc/nvme
echo "nqn.2014-08.org.nvmexpress:uuid:$uuid" > /etc/nvme/hostnqn
echo "$uuid" > /etc/nvme/hostid

bash /lab/service.sh start containerd
bash /lab/service.sh start kubelet
# For programs that want a shell by ssh, and systemctl in it.
mkdir -p -m 0700 /root/.ssh /etc/dropbear
cp /lab/authorized_keys /root/.ssh/authorized_keys
ln -sf /lab/systemctl.sh /usr/bin/systemctl
dropbear -R -s
# A shell for a person, see keep.ts.
socat UNIX-LISTEN:/run/shell.sock,fork EXEC:"bash -li",pty,stderr,setsid,sigint,sane,ctty &
cd /
UV_THREADPOOL_SIZE=8 node /lab/agent.mjs /dev/virtio-ports/lab
echo "the agent ended with status $?"
echo o > /proc/sysrq-trigger
sleep 60
