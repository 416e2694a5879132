#!/usr/bin/env bash
# How fast images are gated: the release build, cold and from its cache, beside the peers that are installed.
#   benches/image.sh PATH [RUNS]
# PATH is an archive of an image, or a folder of them; each is a table. Runs of all commands take turns, so that what else the
# machine does hits all of them. Told are medians: seconds on the wall, seconds of the processors (user and system, which a busy
# machine spoils less), how many times those of the cold gate that is, and the peak of memory in MiB. DOCKGATE names another
# binary than the one that is built here.
set -euo pipefail
path=$(realpath "${1:?an archive of an image, or a folder of them}")
runs=${2:-5}
cd "$(dirname "$0")/.."
bin=${DOCKGATE:-}
if [ -z "$bin" ]; then
  cargo build --release --quiet
  bin=$PWD/target/release/dockgate
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -d "$path" ]; then images=("$path"/*.tar); else images=("$path"); fi

for image in "${images[@]}"; do
  names=$(tar tf "$image" 2>/dev/null || true)
  grep -qxE '(\./)?(manifest|index)\.json' <<<"$names" || continue
  XDG_CACHE_HOME=$work/cache IMAGE=$image BIN=$bin RUNS=$runs WORK=$work python3 - <<'PY'
import os, shutil, statistics, subprocess, tarfile, time

env, runs, work, image = os.environ, int(os.environ["RUNS"]), os.environ["WORK"], os.environ["IMAGE"]
with tarfile.open(image) as tar:
    names = {os.path.normpath(name) for name in tar.getnames()}
is_layout = "index.json" in names and "manifest.json" not in names

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

COLD = "dockgate cold"
gate = [env["BIN"], "gate", image, "--format", "json", "--fail-on", "never"]
commands = {
    COLD: gate + ["--no-cache"],
    "dockgate fills its cache": gate + ["--cache-dir", f"{work}/new"],
    "dockgate warm": gate,
    "dockgate packages": [env["BIN"], "inspect", image, "packages", "--format", "json", "--no-cache"],
}
layers = gzip_layers()
if layers:
    commands["gzip -dc of the largest layers"] = ["gzip", "-dc", *layers]
if shutil.which("trivy"):
    # It reads layouts from folders only; unpacking is not counted.
    place = image
    if is_layout:
        place = f"{work}/layout"
        shutil.rmtree(place, ignore_errors=True)
        with tarfile.open(image) as tar:
            tar.extractall(place)
    common = ["trivy", "image", "--input", place, "--quiet", "--offline-scan", "--format", "json"]
    commands["trivy secrets"] = common + ["--scanners", "secret"]
    commands["trivy packages and secrets"] = common + ["--scanners", "license,secret", "--list-all-pkgs"]
if shutil.which("syft"):
    transport = "oci-archive" if is_layout else "docker-archive"
    commands["syft packages"] = ["syft", "scan", f"{transport}:{image}", "--output", "json", "--quiet"]

def once(command):
    for name in ("new", "trivy"):
        shutil.rmtree(f"{work}/{name}", ignore_errors=True)
    quiet = {**os.environ, "TRIVY_CACHE_DIR": f"{work}/trivy", "SYFT_CHECK_FOR_APP_UPDATE": "false"}
    start = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=quiet)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return time.monotonic() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, status

figures = {name: [] for name in commands}
once(gate)
for _ in range(runs):
    for name, command in commands.items():
        figures[name].append(once(command))
print(f"\n{os.path.basename(image)} ({os.path.getsize(image) / 1e6:.0f} MB), medians of {runs}")
print(f"  {'':32} {'wall':>9} {'CPU':>9} {'of cold':>8} {'peak':>9}")
cold = statistics.median(run[1] for run in figures[COLD])
for name, all_runs in figures.items():
    wall, cpu, peak = (statistics.median(run[i] for run in all_runs) for i in range(3))
    failed = "  (it failed)" if any(run[3] for run in all_runs) else ""
    print(f"  {name:32} {wall:7.3f} s {cpu:7.3f} s {cpu / cold:7.2f}x {peak:5.0f} MiB{failed}")
PY
done
