#!/bin/bash
# A little of what systemd does for a node: service.sh start|stop|restart|state containerd|kubelet
# A service is a process group: this script as its leader, which starts the program again whenever it ends. containerd's
# shims have groups of their own, so containers outlive a stop. Logs go to the host through a port, past every power loss.
set -u
name=$2
pid_file=/run/$name.service

group_lives() { [ -e "$pid_file" ] && kill -0 -- "-$(< "$pid_file")" 2> /dev/null; }

case $1 in
  start)
    group_lives && exit 0
    setsid bash "$0" run "$name" < /dev/null > /dev/null 2>&1 &
    ;;
  stop)
    group_lives || exit 0
    kill -- "-$(< "$pid_file")"
    while group_lives; do sleep 0.1; done
    ;;
  restart)
    bash "$0" stop "$name"
    bash "$0" start "$name"
    ;;
  state)
    if group_lives; then echo active; else echo inactive; fi
    ;;
  run)
    echo $$ > "$pid_file"
    exec > "/dev/virtio-ports/$name" 2>&1
    . /lab/node.env
    while :; do
      case $name in
        containerd) containerd --config /lab/containerd.toml ;;
        kubelet)
          until [ -S /run/containerd/containerd.sock ]; do sleep 0.2; done
          /project-bin/kubelet --kubeconfig /lab/kubeconfig --config /lab/kubelet.json \
            --hostname-override "$NODE" --node-ip "$ADDRESS"
          ;;
      esac
      echo "$name ended with status $?"
      sleep 1
    done
    ;;
esac
