#!/usr/bin/env bash
# How fast images are gated: the release build, cold and from its cache, beside the peers that are installed.
#   benches/image.sh DIR [RUNS]
# DIR holds node.gzip.oci.tar and node.docker.tar or other archives of images; their names are the rows. Runs of all commands
# take turns, so that what else the machine does hits all of them. Told are medians: seconds on the wall, seconds of the
# processors (user and system, which a busy machine spoils less), and the peak of memory in MiB.
set -euo pipefail
dir=$(cd "${1:?the folder with the images}" && pwd)
runs=${2:-5}
cd "$(dirname "$0")/.."
cargo build --release --quiet
bin=$PWD/target/release/dockgate
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for image in "$dir"/*.tar; do
  [ "$(tar tf "$image" 2>/dev/null | grep -cx 'manifest.json\|index.json')" -gt 0 ] || continue
  XDG_CACHE_HOME=$work/cache DIR=$dir IMAGE=$image BIN=$bin RUNS=$runs WORK=$work python3 - <<'PY'
import json, os, shutil, statistics, subprocess, sys, tarfile, time

env, runs, work, image = os.environ, int(os.environ["RUNS"]), os.environ["WORK"], os.environ["IMAGE"]

def gzip_layers():
    """The largest gzip layers of the archive, for `gzip -dc`."""
    found = []
    with tarfile.open(image) as tar:
        members = sorted((m for m in tar if m.isfile()), key=lambda m: -m.size)[:3]
        for number, member in enumerate(members):
            data = tar.extractfile(member)
            if member.size > 1 << 20 and data.read(2) == b"\x1f\x8b":
                data.seek(0)
                path = f"{work}/layer{number}.gz"
                with open(path, "wb") as out:
                    shutil.copyfileobj(data, out)
                found.append(path)
    return found

gate = [env["BIN"], "gate", image, "--format", "json", "--fail-on", "never"]
commands = {
    "dockgate cold": gate + ["--no-cache"],
    "dockgate fills its cache": gate + ["--cache-dir", f"{work}/new"],
    "dockgate warm": gate,
    "dockgate packages": [env["BIN"], "inspect", image, "packages", "--format", "json", "--no-cache"],
}
layers = gzip_layers()
if layers:
    commands["gzip -dc of the largest layers"] = ["gzip", "-dc", *layers]
if shutil.which("trivy"):
    common = ["trivy", "image", "--input", image, "--quiet", "--offline-scan", "--skip-version-check", "--format", "json"]
    commands["trivy secrets"] = common + ["--scanners", "secret"]
    commands["trivy packages and secrets"] = common + ["--scanners", "license,secret", "--list-all-pkgs"]
if shutil.which("syft"):
    commands["syft packages"] = ["syft", "scan", image, "--output", "json", "--quiet"]

def once(command):
    for name in ("new", "trivy"):
        shutil.rmtree(f"{work}/{name}", ignore_errors=True)
    quiet = {**os.environ, "TRIVY_CACHE_DIR": f"{work}/trivy", "SYFT_CHECK_FOR_APP_UPDATE": "false"}
    start = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=quiet)
    _, status, used = os.wait4(child.pid, 0)
    return time.monotonic() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, status

figures = {name: [] for name in commands}
once(gate)
for _ in range(runs):
    for name, command in commands.items():
        figures[name].append(once(command))
print(f"\n{os.path.basename(image)} ({os.path.getsize(image) / 1e6:.0f} MB), medians of {runs}")
for name, all_runs in figures.items():
    wall, cpu, peak = (statistics.median(run[i] for run in all_runs) for i in range(3))
    failed = "  (it failed)" if any(run[3] for run in all_runs) else ""
    print(f"  {name:32} {wall:7.3f} s wall {cpu:7.3f} s CPU {peak:6.0f} MiB{failed}")
PY
done
