#!/bin/bash
# What programs expect of systemctl on a node: start, stop, restart and show --property ActiveState for its services.
if [ "$1" = show ]; then
  exec bash /lab/service.sh state "$2"
fi
exec bash /lab/service.sh "$1" "$2"
