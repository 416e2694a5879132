#!/usr/bin/env python3
"""Matches an image of 1,500 packages against 300,000 vulnerability records: benches/feeds.py [DOCKGATE].

Makes the store and the image in a folder of its own, runs the gate several times, and prints the time of the whole command, the
time without the store (so the difference is the matching), and the peak of memory.
"""
import hashlib, io, json, os, resource, statistics, subprocess, sys, tarfile, tempfile, time, zipfile

DOCKGATE = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "target/release/dockgate")
ECOSYSTEMS = [("Debian:12", "deb", 150_000, 1_000), ("npm", "npm", 100_000, 300), ("PyPI", "pypi", 50_000, 200)]


def records(ecosystem, count):
    # Eight records for a package, as a distribution has; one in five has no fix.
    for i in range(count):
        package = f"package-{i // 8}"
        events = [{"introduced": "0"}] + ([{"fixed": f"1.{i % 40}.0"}] if i % 5 else [])
        yield {
            "id": f"GHSA-{ecosystem}-{i}", "aliases": [f"CVE-2024-{i}"], "published": "2024-01-01T00:00:00Z", "modified": "2024-06-01T00:00:00Z",
            "summary": f"A flaw of {package} that lets somebody do something they should not be able to do",
            "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}],
            "affected": [{"package": {"ecosystem": ecosystem, "name": package}, "ranges": [{"type": "ECOSYSTEM", "events": events}]}],
        }


def image(path):
    files = {"etc/os-release": 'ID=debian\nVERSION_ID="12"\n'}
    status = []
    for _, kind, _, packages in ECOSYSTEMS:
        for i in range(packages):
            name = f"package-{i * 5}"
            if kind == "deb":
                status.append(f"Package: {name}\nStatus: install ok installed\nVersion: 1.30.0\n")
            elif kind == "npm":
                files[f"app/node_modules/{name}/package.json"] = json.dumps({"name": name, "version": "1.30.0"})
            else:
                files[f"usr/lib/python3/dist-packages/{name}-1.30.0.dist-info/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.30.0\n"
    files["var/lib/dpkg/status"] = "\n".join(status)
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))
    diff = "sha256:" + hashlib.sha256(layer.getvalue()).hexdigest()
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {}, "history": [{"created_by": "RUN make"}],
                         "rootfs": {"type": "layers", "diff_ids": [diff]}}).encode()
    with tarfile.open(path, "w") as tar:
        manifest = json.dumps([{"Config": "config.json", "RepoTags": None, "Layers": ["layer.tar"]}]).encode()
        for name, data in (("config.json", config), ("layer.tar", layer.getvalue()), ("manifest.json", manifest)):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def run(*args, runs=1, env=None):
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        subprocess.run([DOCKGATE, *args], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    env = {"DOCKGATE_FEEDS": folder + "/feeds"}
    for ecosystem, kind, count, _ in ECOSYSTEMS:
        with zipfile.ZipFile(f"{kind}.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for record in records(ecosystem, count):
                archive.writestr(record["id"] + ".json", json.dumps(record))
        print(f"import of {count:,} {ecosystem} records: {run('feeds', 'import', f'{kind}.zip', env=env):,.0f} ms")
    size = sum(os.path.getsize(f"feeds/{name}") for name in os.listdir("feeds"))
    print(f"the store has {size / 2**20:,.1f} MiB")
    image("image.tar")
    policy = 'ruleset = "2026.1"\nextends = "default"\n'
    open("p.toml", "w").write(policy)
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    gate = ("gate", "image.tar", "--select", "vulnerable-package", "--fail-on", "never", "--format", "gnu", "--policy", "p.toml")
    without = run(*gate, runs=9, env={"DOCKGATE_FEEDS": "/nonexistent"})
    whole = run(*gate, runs=9, env=env)
    # The peak of a process of its own: the imports above needed more.
    probe = subprocess.run([sys.executable, "-c", "import os, resource, subprocess, sys; subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL);"
                            "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)", DOCKGATE, *gate], env=env, stdout=subprocess.PIPE, check=True)
    found = subprocess.run([DOCKGATE, *gate], env=env, stdout=subprocess.PIPE).stdout.count(b"\n")
    print(f"gate: {whole:,.0f} ms, without data {without:,.0f} ms; {found:,} lines told; peak {int(probe.stdout) / 1024:,.0f} MiB")
