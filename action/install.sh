#!/usr/bin/env bash
# Puts dockgate in place for the steps after this one, and tells them where (`bin`). VERSION is a release, `source` to build this very
# checkout, `path` to take the one on PATH, or empty: the newest release whose SHA-256 is on the list beside this script, else the source.
# A download that is not what the list says is never run.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
list=${DOCKGATE_CHECKSUMS:-$root/action/checksums.txt}
# Used as `./` the checkout is the repository that has releases.
repository=${REPOSITORY:-$GITHUB_REPOSITORY}
version=${VERSION#v}

fail() { echo "::error title=dockgate::$1"; exit 2; }
found() { "$1" --version; echo "bin=$1" >>"$GITHUB_OUTPUT"; exit 0; }

case "$RUNNER_OS-$RUNNER_ARCH" in
  Linux-X64) target=x86_64-unknown-linux-musl ;;
  Linux-ARM64) target=aarch64-unknown-linux-musl ;;
  macOS-X64) target=x86_64-apple-darwin ;;
  macOS-ARM64) target=aarch64-apple-darwin ;;
  Windows-X64) target=x86_64-pc-windows-msvc ;;
  *) target=none ;;
esac
exe=dockgate
if [ "$RUNNER_OS" = Windows ]; then exe=dockgate.exe; fi

if [ "$version" = path ]; then
  bin=$(command -v dockgate) || fail "there is no dockgate on PATH"
  found "$bin"
fi
[ -f "$list" ] || fail "the list of releases (action/checksums.txt) is missing, so no release can be trusted"

# Used as `./` there is no repository to have releases; the checkout is what is meant.
if [ -z "$version" ]; then
  version=source
  if [ -n "$REPOSITORY" ]; then
    newest=$(sed -n "s/^[0-9a-f]\{64\}  dockgate-\(.*\)-$target\.tar\.gz\$/\1/p" "$list" | tail -n 1)
    version=${newest:-source}
    if [ "$version" = source ]; then echo "note: this commit knows no release for $RUNNER_OS $RUNNER_ARCH, so its source is built"; fi
  fi
fi

if [ "$version" = source ]; then
  command -v cargo >/dev/null || fail "building dockgate takes a Rust toolchain, and there is none; set one up before this step, or name a release with the input version"
  # Not in the workspace, where a change could bring settings for cargo and rustup of its own.
  (cd "$root" && cargo build --quiet --release --locked --bin dockgate --target-dir "$root/target")
  found "$root/target/release/$exe"
fi

archive=dockgate-$version-$target.tar.gz
wanted=$(awk -v archive="$archive" '$2 == archive { print $1 }' "$list")
if ! grep -q '^[0-9a-f]\{64\}  ' "$list"; then
  fail "no checksum of $archive is known, so it is not run: this commit of the action is older than the first release (action/checksums.txt is empty); take a newer commit, or build it with the input version: source"
elif [ -z "$wanted" ]; then
  fail "no checksum of $archive is known, so it is not run: it is not on the list of releases of this commit (action/checksums.txt)"
fi
place=$RUNNER_TEMP/dockgate-$version
mkdir -p "$place"
from=${DOCKGATE_RELEASES:-$SERVER/$repository/releases/download}/v$version/$archive
curl --fail --silent --show-error --location --proto-redir =https --retry 3 --max-time 300 --output "$place/$archive" "$from" ||
  fail "$from cannot be downloaded; the input version: source builds dockgate instead"
if command -v sha256sum >/dev/null; then sum=(sha256sum); else sum=(shasum -a 256); fi
is=$("${sum[@]}" <"$place/$archive" | cut -d ' ' -f 1)
if [ "$is" != "$wanted" ]; then
  rm -f "$place/$archive"
  fail "$archive has the SHA-256 $is, and the list says $wanted"
fi
# From inside, for tar takes the drive of a Windows path for the name of a host.
(cd "$place" && tar -xzf "$archive")
found "$place/$exe"
