#!/usr/bin/env python3
"""Whether a safe fix changes what an image is: a real Docker engine builds each Dockerfile as it is and as `dockgate fix` leaves it, and the two images
are compared, config and files.

    tests/fix_builds.py DOCKGATE [IMAGES]

IMAGES is a folder with `minbase.tar` (the root of a small Debian) and contexts to build on it, `NAME.context`, which stand on `local/debian:12`; without it
the cases of this file are built, on a base of busybox. Prints a table and exits with 1 when something differs that no fix is for. Where there is no Docker
engine or busybox it says so, and passes.

Compared are the config without times and history, and of each file path, kind, mode, owner, group, size, content and link target. What may differ is what the fix
is for; see EXPECTED.
"""

import hashlib
import io
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time

# Stand-ins for package managers: they leave behind what the real ones leave.
TOOLS = {
    "usr/bin/apt-get": r"""
case "$*" in
  *update*) mkdir -p /var/lib/apt/lists && echo lists > /var/lib/apt/lists/main ;;
  *install*) for p; do case "$p" in -*|install) ;; *) mkdir -p /usr/share/p && echo "$p" > /usr/share/p/"$p" ;; esac; done ;;
  *clean*) rm -rf /var/cache/apt/archives ;;
esac
""",
    "usr/bin/pip": r"""
cache=yes
for p; do [ "$p" != --no-cache-dir ] || cache=no; done
for p; do case "$p" in -*|install) ;; *) mkdir -p /usr/lib/py && echo "$p" > /usr/lib/py/"$p" ;; esac; done
[ $cache = no ] || { mkdir -p /root/.cache/pip && echo wheel > /root/.cache/pip/wheel; }
""",
}
TOOLS["usr/bin/apt"] = TOOLS["usr/bin/apt-get"]

# A Dockerfile and the files beside it, by name. Each is about other fixes.
CASES = {
    "spelling": (
        "from dockgate-builds/base:1 as One\nMaintainer Jo <jo@example.com>\nrun echo a > /a\nExpose 53/UDP 80\n"
        "FROM dockgate-builds/base:1\nMAINTAINER Jo\nCOPY --from=One /a /b\nRUN echo \\\n\n    c > /c\nEXPOSE 80\n",
        {},
    ),
    "values": (
        "FROM dockgate-builds/base:1\nENV GREETING hello  'big' world\nENV WORDS \\\n\tone \\\n\ttwo\nENV PLAIN x\nLABEL of Jo and Co\n"
        "RUN printf '%s|' \"$GREETING\" \"$WORDS\" \"$PLAIN\" > /values\n",
        {},
    ),
    "commands": (
        "FROM dockgate-builds/base:1\nCMD echo old\nENTRYPOINT cat '/etc/a b' /etc/passwd\nHEALTHCHECK CMD true\nHEALTHCHECK NONE\n",
        {},
    ),
    "cmd": ("FROM dockgate-builds/base:1\nCMD echo old\nCMD cat 'a b' \\\n  c\n", {}),
    "copies": (
        "FROM dockgate-builds/base:1\nWORKDIR /srv\nWORKDIR app\nADD src /app/\nADD --chown=7:8 one two /x/\nCOPY one two /y/\n",
        {"src/deep/f": "f\n", "one": "1\n", "two": "2\n"},
    ),
    "stages": (
        "FROM dockgate-builds/base:1 AS build\nRUN echo 1 > /one\nFROM dockgate-builds/base:1 AS build\nRUN echo 2 > /two\n"
        "FROM dockgate-builds/base:1\nCOPY --from=build /two /two\n",
        {},
    ),
    "packages": (
        "FROM dockgate-builds/base:1\nRUN apt-get update && apt-get install curl \\\n    git\nRUN apt update && \\\n    apt install -y less\n"
        "RUN pip install flask\n",
        {},
    ),
    "windows lines": ("FROM dockgate-builds/base:1\r\nENV A b c\r\nRun echo $A \\\r\n  > /a\r\nCMD cat /a\r\n", {}),
}

ONLY_BUILDKIT = {"stages"}

# What a fix is for, by the rule that made it: files it may take away, and parts of the config it may change.
EXPECTED = {
    "apt-lists-left": {"files": r"^(var/lib/apt/lists|var/cache/apt)(/|$)"},
    "pip-cache-left": {"files": r"^root/\.cache(/pip.*)?$"},
    "npm-cache-left": {"files": r"^root/\.npm(/|$)"},
    "yarn-cache-left": {"files": r"^usr/local/share/\.cache(/|$)"},
    # The same words, without a shell around them.
    "shell-form-command": {"config": {"Cmd", "Entrypoint"}},
    "maintainer-used": {"config": {"Labels", "author"}},
    "duplicate-cmd": {},
    # Engines count port 53/UDP and 53/udp as two.
    "uppercase-expose-protocol": {"config": {"ExposedPorts"}},
}
# Files that two builds of one Dockerfile do not share: times, caches and logs of programs.
VOLATILE = re.compile(
    r"^(var/log/|var/cache/(ldconfig|debconf|apt)/|var/lib/(apt|dpkg)/.*(lock|-old)$|etc/(shadow|passwd|group|gshadow)-$|etc/ld\.so\.cache$|root/\.wget-hsts$)"
)


class Engine:
    """A Docker engine of its own."""

    def __init__(self, work):
        self.env = {**os.environ, "DOCKER_HOST": f"unix://{work}/sock", "DOCKER_CONFIG": f"{work}/client"}
        has_buildx = subprocess.run(["docker", "buildx", "version"], capture_output=True, check=False).returncode == 0
        self.env["DOCKER_BUILDKIT"] = "1" if has_buildx else "0"
        self.builder = "BuildKit" if has_buildx else "the classic builder (no buildx here)"
        self.exec_root = work / "exec"
        command = ["dockerd", "--host", self.env["DOCKER_HOST"], "--data-root", work / "data", "--exec-root", self.exec_root]
        command += ["--pidfile", work / "pid", "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--bridge=none"]
        with (work / "log").open("w") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def is_up(self):
        for _ in range(150):
            if subprocess.run(["docker", "version"], env=self.env, capture_output=True, check=False).returncode == 0:
                return True
            if self.process.poll() is not None:
                return False
            time.sleep(0.2)
        return False

    def run(self, *args, stdin=None):
        done = subprocess.run(["docker", *args], env=self.env, input=stdin, capture_output=True, check=False)
        if done.returncode:
            raise RuntimeError(f"docker {' '.join(args)}: {done.stderr.decode(errors='replace')[-800:]}")
        return done.stdout

    def build(self, folder, dockerfile):
        answer = self.run("build", "--network=host", "-q", "-f", str(dockerfile), str(folder))
        return answer.decode().strip()

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=60)
        subprocess.run(["umount", *self.exec_root.glob("netns/*")], capture_output=True, check=False)


def base(busybox):
    """A root with busybox and the stand-ins, as a tar."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:

        def add(name, data=b"", mode=0o644, kind=tarfile.REGTYPE, link=""):
            info = tarfile.TarInfo(name)
            info.size, info.mode, info.type, info.linkname = len(data), mode, kind, link
            tar.addfile(info, io.BytesIO(data))

        for folder in ("bin", "usr", "usr/bin", "etc", "root", "srv", "tmp", "var", "var/lib"):
            add(folder, mode=0o755, kind=tarfile.DIRTYPE)
        add("bin/busybox", busybox.read_bytes(), 0o755)
        applets = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split()
        for applet in applets:
            if applet != "busybox":
                add(f"bin/{applet}", kind=tarfile.SYMTYPE, link="busybox", mode=0o777)
        add("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n")
        for name, text in TOOLS.items():
            add(name, ("#!/bin/sh" + text).encode(), 0o755)
    return out.getvalue()


def files(tar, layers):
    """What a container would see, by path."""
    seen = {}
    for layer in layers:
        with tarfile.open(fileobj=tar.extractfile(layer)) as entries:
            added = {}
            for entry in entries:
                path = entry.name.removeprefix("./").strip("/")
                folder, _, name = path.rpartition("/")
                below = f"{folder}/" if folder else ""
                if name == ".wh..wh..opq":
                    seen = {p: v for p, v in seen.items() if not p.startswith(below)}
                elif name.startswith(".wh."):
                    gone = below + name.removeprefix(".wh.")
                    seen = {p: v for p, v in seen.items() if p != gone and not p.startswith(f"{gone}/")}
                elif path:
                    data = entries.extractfile(entry).read() if entry.isreg() else b""
                    link = entry.linkname if entry.issym() else ""
                    # A hard link is the file it is another name of.
                    source = {**seen, **added}.get(entry.linkname.removeprefix("./").strip("/")) if entry.islnk() else None
                    digest = hashlib.sha256(data).hexdigest()[:16]
                    facts = (entry.type, oct(entry.mode & 0o7777), entry.uid, entry.gid, len(data), digest, link)
                    added[path] = source or facts
            seen.update(added)
    return seen


def image(engine, name):
    """Config and files of an image."""
    with tarfile.open(fileobj=io.BytesIO(engine.run("save", name))) as tar:
        manifest = json.load(tar.extractfile("manifest.json"))[0]
        config = json.load(tar.extractfile(manifest["Config"]))
        found = files(tar, manifest["Layers"])
    run = config.get("config") or {}
    # Older builders keep what ran last, and the image below.
    run = {key: value for key, value in run.items() if key not in ("Image", "Hostname", "ArgsEscaped") and value}
    run.update({key: config[key] for key in ("os", "architecture", "author") if config.get(key)})
    return run, found


def without_shell(command):
    """The words of a command, whether or not a shell splits them."""
    if command and command[:2] == ["/bin/sh", "-c"] and len(command) == 3:
        return shlex.split(command[2].replace("\\\n", " "))
    return command


def compare(one, other, rules):
    """What differs and should not, and what differs as it should, in words."""
    (config, found), (new_config, new_found) = one, other
    wrong, right = [], []
    may = {part for rule in rules for part in EXPECTED.get(rule, {}).get("config", ())}
    for key in sorted(config.keys() | new_config.keys()):
        before, after = config.get(key), new_config.get(key)
        if before == after:
            continue
        same = key in may
        if key in ("Cmd", "Entrypoint"):
            same = same and without_shell(before) == without_shell(after)
        elif key == "Labels":
            same = same and all((after or {}).get(name) == value for name, value in (before or {}).items())
        elif key == "author":
            labels = new_config.get("Labels") or {}
            same = same and after is None and labels.get("org.opencontainers.image.authors") == before
        elif key == "ExposedPorts":
            same = same and {port.lower() for port in before} == set(after)
        (right if same else wrong).append(f"{key}: {before} -> {after}")
    patterns = [EXPECTED[rule]["files"] for rule in rules if "files" in EXPECTED.get(rule, {})]
    gone = 0
    for path in sorted(found.keys() | new_found.keys()):
        if found.get(path) == new_found.get(path) or VOLATILE.match(path):
            continue
        if path not in new_found and any(re.match(pattern, path) for pattern in patterns):
            gone += 1
            continue
        wrong.append(f"/{path}: {found.get(path)} -> {new_found.get(path)}")
    if gone:
        right.append(f"{gone} cached files less")
    return wrong, right


def judge(dockgate, engine, name, folder):
    """One row of the table, and what is wrong."""
    dockerfile = folder / "Dockerfile"
    fixed = folder / "Dockerfile.fixed"
    before = dockerfile.read_bytes()
    rules = json.loads(subprocess.run([dockgate, "rules", "--format", "json"], capture_output=True, check=True).stdout)
    rules = rules["rules"] if isinstance(rules, dict) else rules
    safe = [rule["id"] for rule in rules if rule["fix"] == "safe"]
    command = [dockgate, "fix", str(dockerfile), "--select", ",".join(safe)]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    fixed.write_bytes(dockerfile.read_bytes())
    dockerfile.write_bytes(before)
    rules = re.findall(r"[a-z0-9]+(?:-[a-z0-9]+)+", "".join(re.findall(r"^fixed .*?: (.*)$", said.stdout, re.M)))
    if said.returncode == 2:
        return (name, "-", "not fixed"), [said.stderr]
    if fixed.read_bytes() == before:
        return (name, "-", "nothing to fix"), []
    # Neither file is part of a context that takes everything.
    ignore = folder / ".dockerignore"
    kept = ignore.read_text() if ignore.exists() else ""
    ignore.write_text(kept + "\nDockerfile\nDockerfile.fixed\n.dockerignore\n")
    one, other = (image(engine, engine.build(folder, path)) for path in (dockerfile, fixed))
    wrong, right = compare(one, other, rules)
    verdict = "DIFFERENT" if wrong else "; ".join(right) or "the same"
    return (name, ", ".join(sorted(set(rules))), f"{len(one[1])} files, config: {verdict}"), wrong


def main():
    dockgate = str(pathlib.Path(sys.argv[1]).resolve())
    images = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None
    busybox = shutil.which("busybox")
    for program, path in (("dockerd", shutil.which("dockerd")), ("docker", shutil.which("docker")), ("busybox", busybox)):
        if path is None:
            print(f"skipped: {program} is not installed")
            return 0
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        engine = Engine(work)
        try:
            if not engine.is_up():
                last = (work / "log").read_text().splitlines()[-1:]
                print(f"skipped: the Docker engine does not start: {last}")
                return 0
            folders = {}
            for name, (dockerfile, contents) in CASES.items():
                folders[name] = work / name
                for path, text in {**contents, "Dockerfile": dockerfile}.items():
                    path = folders[name] / path
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(text.encode())
            engine.run("import", "--change", "ENV PATH=/bin:/usr/bin", "-", "dockgate-builds/base:1", stdin=base(pathlib.Path(busybox)))
            engine.run("tag", "dockgate-builds/base:1", "dockgate-fixture/base:1")
            fixture = pathlib.Path(__file__).parent.parent / "fixtures/aic-secret"
            folders["fixtures/aic-secret"] = shutil.copytree(fixture, work / "aic-secret")
            if images:
                minbase = (images / "minbase.tar").read_bytes()
                engine.run("import", "--change", 'CMD ["bash"]', "-", "local/debian:12", stdin=minbase)
                for context in sorted(images.glob("*.context")):
                    folders[context.name] = shutil.copytree(context, work / context.name, symlinks=True)
                    # The same, as somebody in a hurry would have written it.
                    worse = shutil.copytree(context, work / f"{context.name} worse", symlinks=True)
                    text = (worse / "Dockerfile").read_text()
                    text = text.replace(" && rm -rf /var/lib/apt/lists/*", "").replace("apt-get update", "apt update")
                    text = re.sub(r"^(RUN|COPY) (?!--)", lambda m: m[1].capitalize() + " ", text, flags=re.M)
                    text = re.sub(r"^ENV (\w+)=(\S+).*", r"ENV \1 \2", text, flags=re.M).replace("COPY package", "ADD package")
                    text = re.sub(r'^CMD \["(.*)"\]$', r"CMD \1", text, flags=re.M) if "ENTRYPOINT" not in text else text
                    (worse / "Dockerfile").write_text(text + "MAINTAINER Jo\n")
                    folders[worse.name] = worse
            print(f"built by {engine.builder}")
            failed = 0
            for name, folder in folders.items():
                if name in ONLY_BUILDKIT and engine.env["DOCKER_BUILDKIT"] == "0":
                    print(f"{name} | - | not built: the classic builder refuses it as it is")
                    continue
                row, wrong = judge(dockgate, engine, name, folder)
                print(" | ".join(row))
                for line in wrong[:20]:
                    print(f"    {line}")
                failed += bool(wrong)
            print(f"{len(folders)} Dockerfiles, {failed} with another image")
            return 1 if failed else 0
        finally:
            engine.stop()


sys.exit(main())
