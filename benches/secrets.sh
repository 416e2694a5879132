#!/usr/bin/env bash
# How fast a tree is searched for secrets, beside the tools that are on PATH: whole processes, warm cache.
#
#     benches/secrets.sh [TREE]
#
# Without TREE one of about 1 GiB is put together from the npm and Python packages of this machine and the git objects of this repository, in
# $TMPDIR; under names of its own, since gitleaks passes over folders called node_modules and site-packages. `rg` gets one alternation of twenty of our detectors' patterns. Wants a release build.
set -euo pipefail
cd "$(dirname "$0")/.."
dockgate=${DOCKGATE:-target/release/dockgate}
[ -x "$dockgate" ] || { echo "no $dockgate: cargo build --release first, or set DOCKGATE" >&2; exit 2; }
work=${TMPDIR:-/tmp}/dockgate-bench
mkdir -p "$work"
tree=${1:-$work/tree}
if [ $# = 0 ] && [ ! -d "$tree" ]; then
  mkdir -p "$tree/js" "$tree/python" "$tree/objects"
  packages=$(python3 -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
  copies=0
  while [ "$(du -sm "$tree" | cut -f1)" -lt 1000 ] && [ $copies -lt 12 ]; do
    copies=$((copies + 1))
    if command -v npm > /dev/null; then cp -rL "$(npm root -g)" "$tree/js/$copies" 2> /dev/null || true; fi
    cp -rL "$packages" "$tree/python/$copies" 2> /dev/null || true
    cp -r "$(git rev-parse --git-common-dir)/objects" "$tree/objects/$copies" 2> /dev/null || true
  done
fi
# Twenty patterns, as they are but for names of groups, which one alternation may have once.
python3 - > "$work/patterns" << 'PY'
import glob, tomllib
wanted = """aws-access-key-id aws-secret-access-key github-pat github-fine-grained-pat github-oauth-token github-app-token gitlab-pat
npm-token pypi-token slack-token slack-webhook stripe-live-key sendgrid-api-key digitalocean-token shopify-token databricks-token jwt
private-key-block database-url-password generic-password""".split()
for path in sorted(glob.glob("rules/detectors/*.toml")):
    for detector in tomllib.load(open(path, "rb"))["detector"]:
        if detector["id"] in wanted:
            print(detector["regex"].replace("(?P<secret>", "("))
PY
cat > "$work/run.py" << 'PY'
import json, os, resource, subprocess, sys, time
name, tree, *command = sys.argv[1:]
asked = json.dumps({"folder": tree}) + "\n" if name == "dockgate" else ""
best = None
for _ in range(3):
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(command, input=asked.encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - start
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    best = min(best or (wall, cpu), (wall, cpu))
note = "" if name != "dockgate" else ", {files} files, {} hits".format(len((answer := json.loads(done.stdout))["hits"]), **answer)
print(f"{name:12} {best[0]:7.2f} s wall {best[1]:7.2f} s CPU {after.ru_maxrss // 1024:5} MiB{note}", flush=True)
PY
echo "$tree: $(find "$tree" -type f | wc -l) files, $(du -sm --apparent-size "$tree" | cut -f1) MiB, $(wc -l < "$work/patterns") patterns for rg"
run() { python3 "$work/run.py" "$1" "$tree" "${@:2}"; }
run dockgate "$dockgate" debug secrets
if command -v rg > /dev/null; then run rg rg -uuu --no-unicode -c -f "$work/patterns" "$tree"; fi
if command -v gitleaks > /dev/null; then run gitleaks gitleaks dir "$tree" --no-banner --exit-code 0 -f json -r "$work/gitleaks.json"; fi
if command -v kingfisher > /dev/null; then run kingfisher kingfisher scan "$tree" --format jsonl --no-validate --no-update-check -o "$work/kingfisher.jsonl"; fi
