#!/usr/bin/env bash
# Prove that a bundle works where there is no network and no Python: bash bundle/try.sh ARCHIVE
# Needs root, unshare and ip (Debian's util-linux and iproute2): the network is taken away by a
# network namespace, Python by empty folders mounted over it in a mount namespace.
set -euo pipefail

if [ "${1:-}" = "--inside" ]; then
  folder=$2
  ip link set lo up
  mkdir "$folder/empty"
  hide() { [ ! -e "$1" ] || mount --bind "$folder/empty" "$1"; }
  for python in $(compgen -c | grep -E '^(python|pip|uv|conda)[0-9.]*$' | sort -u); do
    for place in $(type -aP "$python"); do
      real=$(readlink -f "$place")
      case $real in /usr/bin/*) mount --bind /dev/null "$real" ;; *) hide "$(dirname "$(dirname "$real")")" ;; esac
    done
  done
  for place in /usr/lib/python3* /usr/local/lib/python3*; do hide "$place"; done
  cd "$folder"
  run() {
    env -i HOME="$folder/home" PATH=/usr/bin:/bin LANG=C.UTF-8 \
      ${EUCAIM_TRANSFER_HOME:+EUCAIM_TRANSFER_HOME="$EUCAIM_TRANSFER_HOME"} \
      "$folder/bundle/program/eucaim-transfer" "$@"
  }
  mkdir home
  if env -i PATH=/usr/bin:/bin python3 -c '' 2>/dev/null; then echo "Python is still there" >&2; exit 1; fi
  if ! ip -o link | awk '$2 != "lo:" { exit 1 }'; then echo "there is a network" >&2; exit 1; fi

  echo "-- doctor"
  run doctor
  echo "-- demo --headless"
  run demo --headless </dev/null
  echo "-- a detached upload, a picture"
  run synth "$folder/cohort" --patients 1
  run sandbox --home "$folder/sandbox" >sandbox.json &
  until [ -s sandbox.json ]; do kill -0 $!; sleep 0.1; done
  export EUCAIM_TRANSFER_HOME=$folder/sandbox
  echo ingester | run login sandbox-xnat --username ingester
  run new detached --node sandbox-xnat --source "$folder/cohort"
  run scan detached
  run upload detached --detach
  run status detached --watch
  run status detached --json | grep -q '"state": "done"'
  picture=$(run preview detached E1)
  [ "$(head -c 4 "$picture" | tail -c 3)" = PNG ]
  # The process namespace ends with this shell, and the stand-ins with it.
  exit 0
fi

archive=$(readlink -f "$1")
here=$(readlink -f "$0")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$(dirname "$archive")" && sha256sum --check --quiet "$(basename "$archive").sha256")
mkdir "$work/bundle"
tar xzf "$archive" -C "$work/bundle" --strip-components 1
(cd "$work/bundle" && sha256sum --check --quiet SHA256SUMS)

echo "== the wheels, without a network"
python3 -m venv "$work/venv"
unshare -n "$work/venv/bin/pip" -q install --no-index --find-links "$work/bundle/wheelhouse" \
  'eucaim-transfer[sandbox,pixels]'
unshare -n "$work/venv/bin/eucaim-transfer" --version

echo "== the program, without a network and without Python"
unshare --net --mount --pid --fork --kill-child --mount-proc bash "$here" --inside "$work"
echo "The bundle works: $(basename "$archive"), $(du -h "$archive" | cut -f1)"
