# shellcheck shell=bash
# Our own image, as a release builds it and by our own gate: the binary holds patterns, names of keys and the examples of every rule, and
# none of that may look like a secret in it. Alpine is not always to be had, so busybox stands for it.

busybox=$(command -v busybox || true)
if ! command -v dockerd >/dev/null || ! command -v docker >/dev/null || [ -z "$busybox" ] || [ "$(id -u)" -ne 0 ]; then
  skip "our own image" "no Docker engine that can be started, or no busybox"
else
  own=$work/own
  mkdir -p "$own/base/bin" "$own/base/sbin" "$own/base/etc" "$own/context/amd64"
  # Built as it is released: without symbols, which hold paths of who built it.
  if command -v strip >/dev/null; then strip -o "$own/context/amd64/dockgate" "$dockgate"; else cp "$dockgate" "$own/context/amd64/dockgate"; fi
  cp "$busybox" "$own/base/bin/busybox"
  for name in bin/sh bin/ls bin/cat bin/true; do ln -s /bin/busybox "$own/base/$name"; done
  # What it would bring is not ours.
  printf '#!/bin/sh\ntrue\n' >"$own/base/sbin/apk" && chmod 755 "$own/base/sbin/apk"
  printf 'ID=alpine\nVERSION_ID=3.22.2\n' >"$own/base/etc/os-release"
  tar -C "$own/base" -cf "$own/base.tar" .

  export DOCKER_HOST=unix://$own/sock DOCKER_CONFIG=$own/client DOCKER_BUILDKIT=0
  if serve "$own/log" 'API listen on' dockerd --host "$DOCKER_HOST" --data-root "$own/data" --exec-root "$own/exec" --pidfile "$own/pid" \
    --iptables=false --ip6tables=false --ip-forward=false --bridge=none; then
    engine=${started[-1]}
    expect "own image: a base" 0 docker import --change 'CMD ["sh"]' "$own/base.tar" alpine:3.22.2
    expect "own image: builds" 0 docker build --network=host -q -f "$repository/.github/release/Dockerfile" --build-arg TARGETARCH=amd64 -t dockgate:own "$own/context"
    expect "own image: is saved" 0 docker save -o "$own/image.tar" dockgate:own
    # As a release does it.
    expect "own image: is let through" 0 "$repository/.github/release/judge.sh" "$dockgate" "$own/context" "docker-archive:$own/image.tar" "$own/judged" amd64
    has "own image: its bill of materials" "$own/judged/dockgate-image-linux-amd64.cdx.json" '"bomFormat": "CycloneDX"'
    for policy in default strict; do
      "$dockgate" check "$own/context" --file "$repository/.github/release/Dockerfile" --platform linux/amd64 --policy "$policy" \
        --image "docker-archive:$own/image.tar" --no-cache --format json >"$own/report.json" 2>"$work/said"
      # One line a finding that matters; the first says how much was read.
      python3 - "$own/report.json" >>"$work/said" <<'PY'
import json, sys
report = json.load(open(sys.argv[1]))
print("read", report["verdict"])
for finding in report["findings"]:
    if finding["action"] == "STOP" or "secret" in finding["rule"] or "key" in finding["rule"]:
        print(finding["action"], finding["rule"], finding["message"])
PY
      if grep -q '^read ' "$work/said" && [ "$(sed -n '/^read /,$p' "$work/said" | grep -c .)" -eq 1 ]; then
        good "own image: no secret, and no STOP, by policy $policy"
      else
        bad "own image: policy $policy" "$work/said"
      fi
    done
    kill "$engine" && wait "$engine"
    for mount in "$own"/exec/netns/*; do umount "$mount" 2>/dev/null; done
  fi
  unset DOCKER_HOST DOCKER_CONFIG DOCKER_BUILDKIT
fi
