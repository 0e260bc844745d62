#!/usr/bin/env bash
# The wheel of a commit, byte for byte the same wherever it is built: bash bundle/wheel.sh OUT [COMMIT]
# OUT must be new. Needs git, tar and Python with venv; the build's own tools are those of
# constraints.txt. Nothing of the working copy goes in, nor of this account's umask or clock.
set -euo pipefail
umask 022
out=$(realpath -m "$1")
here=$(cd "$(dirname "$0")/.." && pwd)
commit=$(git -C "$here" rev-parse --verify "${2:-HEAD}^{commit}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/source"
git -C "$here" -c tar.umask=0022 archive "$commit" | tar -x -p -C "$work/source"
python3 -m venv "$work/venv"
SOURCE_DATE_EPOCH=$(git -C "$here" log -1 --format=%ct "$commit") \
  PIP_CONSTRAINT="$work/source/constraints.txt" \
  "$work/venv/bin/pip" -q wheel --no-deps -w "$out" "$work/source"
(cd "$out" && sha256sum ./*.whl)
