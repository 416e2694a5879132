#!/usr/bin/env bash
# Judges our own image by our own gate, before anybody can get it, and writes what is in it.
#
#     judge.sh DOCKGATE CONTEXT IMAGE OUT ARCH…
#
# CONTEXT is what the image was built from, IMAGE a reference as dockgate takes it. OUT gets a report and a bill of materials for each
# ARCH (amd64, arm64). Exit status 1 when the verdict on one of them is STOP.
set -euo pipefail

dockgate=$1 context=$2 image=$3 out=$4
shift 4
dockerfile=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/Dockerfile
mkdir -p "$out"
for arch in "$@"; do
  to=(--platform "linux/$arch" --no-cache)
  "$dockgate" check "$context" --file "$dockerfile" --image "$image" "${to[@]}" --output "sarif:$out/dockgate-image-linux-$arch.sarif"
  "$dockgate" inspect "$image" "${to[@]}" --format cyclonedx >"$out/dockgate-image-linux-$arch.cdx.json"
done
