#!/bin/sh
# Installs the locked packages (the Node.js runtime among them) when node_modules does not match package-lock.json.
# Invariant: what is installed was installed from this very lock file; its checksum is kept beside the packages.
set -eu
cd "$(dirname "$0")/.."
want=$(cksum < package-lock.json)
mark=node_modules/.installed-lock
if [ ! -f "$mark" ] || [ "$(cat "$mark")" != "$want" ]; then
  echo "installing npm packages ..."
  npm ci --no-fund --no-audit --loglevel=error
  printf '%s\n' "$want" > "$mark"
fi
