#!/usr/bin/env python3
"""Prints the table of src/secrets/known_keys.rs: private keys that everybody has.

A key in the test suite or the manual of a widely used project opens nothing, and copies of it lie in many source trees. The packages
below are fetched with the clients of their registries (apt-get, pip, npm, cargo), unpacked, and searched for private keys that lie open; of
each the first eight bytes of the SHA-256 of what its armour holds are printed, with where it was seen. No key is kept.

    tests/secrets/known_keys.py [--work DIR] > table
"""

import argparse
import base64
import binascii
import hashlib
import pathlib
import re
import subprocess
import sys
import tarfile
import zipfile

# Registry, package, version, and the paths in it whose keys are taken: those known by name wherever they turn up.
PACKAGES = [
    ("deb", "vagrant", None, r"keys/vagrant"),
    ("deb", "libpython3.11-testsuite", None, r"test/[^/]*\.(pem|py)$|test/certdata/"),
    ("deb", "golang-1.19-src", None, r"src/(net/http/internal/|crypto/(tls|x509|rsa|ecdsa)/).*(_test|testcert)\.go$"),
    ("deb", "golang-golang-x-crypto-dev", None, r"ssh/testdata/keys\.go$"),
    ("pypi", "paramiko", "3.5.1", r"tests/(test_|_support/|.*\.key)"),
    ("pypi", "pyOpenSSL", "25.0.0", r"tests/test_(crypto|ssl)\.py$"),
    ("pypi", "tornado", "6.4.2", r"test/test\.key$"),
    ("pypi", "Twisted", "24.11.0", r"conch/test/keydata\.py$|server\.pem$"),
    ("pypi", "urllib3", "2.3.0", r"dummyserver/certs/"),
    ("pypi", "gevent", "24.11.1", r"tests/.*\.(key|pem)$"),
    ("pypi", "PyJWT", "2.10.1", r"tests/keys/"),
    ("npm", "ssh2", "0.8.9", r"test/fixtures/"),
    ("npm", "spdy-keys", None, r"."),
    ("crate", "openssl", "0.10.75", r"test/"),
    ("crate", "ssh-key", "0.6.7", r"tests/examples/"),
    ("crate", "jsonwebtoken", "9.3.1", r"tests/"),
]

ARMOUR = re.compile(
    rb"-----BEGIN ((?:RSA |EC |DSA |OPENSSH )?(?:PRIVATE|TESTING) KEY)-----(.{40,20000}?)-----END \1-----", re.DOTALL)


def fetch(kind, name, version, folder):
    """Puts what a package holds below a folder."""
    if any(folder.iterdir()):
        return
    run = lambda *args: subprocess.run(args, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    if kind == "deb":
        run("apt-get", "download", "-qq", name)
        for archive in folder.glob("*.deb"):
            run("dpkg-deb", "-x", str(archive), "out")
    elif kind == "pypi":
        run(sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", f"{name}=={version}")
    elif kind == "npm":
        run("npm", "pack", "--silent", name if version is None else f"{name}@{version}")
    else:
        (folder / "src").mkdir(exist_ok=True)
        (folder / "src/lib.rs").write_text("")
        manifest = f'[package]\nname = "x"\nversion = "0.0.0"\nedition = "2021"\n[dependencies]\n{name} = "={version}"\n'
        (folder / "Cargo.toml").write_text(manifest)
        run("cargo", "vendor", "-q", "out")


def files(folder, kind, name):
    """Path and bytes of every file of a package."""
    if kind == "crate":
        folder = folder / "out" / name
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        if path.parent != folder:
            yield str(path.relative_to(folder)), path.read_bytes()
        elif path.name.endswith((".tar.gz", ".tgz")):
            with tarfile.open(path) as archive:
                for member in archive:
                    if member.isfile():
                        yield member.name, archive.extractfile(member).read()
        elif path.suffix in (".zip", ".whl"):
            with zipfile.ZipFile(path) as archive:
                for member in archive.namelist():
                    yield member, archive.read(member)
        else:
            yield str(path.relative_to(folder)), path.read_bytes()


def keys(text):
    """What the armours of the open keys in a text hold."""
    # In source, lines end with escapes and quotes.
    text = text.replace(b"\\n", b"\n").replace(b"\\r", b"")
    for match in ARMOUR.finditer(text):
        body = match.group(2)
        if b"ENCRYPTED" in body or b"..." in body:
            continue
        letters = re.sub(rb"[^A-Za-z0-9+/=]", b"", body.replace(b'" +', b"").replace(b"' +", b""))
        try:
            key = base64.b64decode(letters, validate=True)
        except binascii.Error:
            continue
        is_locked = key.startswith(b"openssh-key-v1\0") and key[15:23] != b"\0\0\0\4none"
        if len(key) >= 32 and not is_locked:
            yield key


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("/tmp/known-keys"))
    work = parser.parse_args().work
    found = {}
    for kind, name, version, wanted in PACKAGES:
        folder = work / f"{kind}-{name}"
        folder.mkdir(parents=True, exist_ok=True)
        try:
            fetch(kind, name, version, folder)
        except (subprocess.CalledProcessError, FileNotFoundError) as error:
            print(f"{kind} {name}: not fetched: {error}", file=sys.stderr)
            continue
        count = 0
        for path, text in files(folder, kind, name):
            if not re.search(wanted, path):
                continue
            for key in keys(text):
                digest = hashlib.sha256(key).hexdigest()[:16]
                inside = path.split("/", 1)[1] if "/" in path and kind in ("pypi", "npm") else path
                inside = inside.removeprefix("out/")
                label = f"{name} {version}" if version else name
                count += digest not in found
                found.setdefault(digest, f"{kind} {label}: {inside}")
        print(f"{kind} {name}: {count}", file=sys.stderr)
    print(f"pub(super) const KNOWN_KEYS: [u64; {len(found)}] = [")
    for digest, where in sorted(found.items()):
        grouped = "_".join(digest[i:i + 4] for i in range(0, 16, 4))
        print(f"    0x{grouped}, // {where}")
    print("];")


if __name__ == "__main__":
    main()
