#!/usr/bin/env bash
# alone.sh COMMAND…: runs it with a network of its own, of which 127.0.0.1 is all there is. There the ports that
# documents name are free, whatever else listens on this machine. Needs root, or user namespaces.
set -euo pipefail
own=(--net)
[ "$(id -u)" -eq 0 ] || own+=(--user --map-current-user --keep-caps)
exec unshare "${own[@]}" -- sh -c 'ip link set lo up && exec "$@"' sh "$@"
