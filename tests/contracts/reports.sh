#!/usr/bin/env bash
# reports.sh DOCKGATE: what other people's verifiers say of the reports: SARIF for every reader, GitLab's Code Quality and SAST,
# of every fixture and of a report of 6,000 findings. Says so and passes where the verifiers are not there.
set -euo pipefail
dockgate=$(realpath "$1")
cd "$(dirname "$0")/../.."
contracts=${DOCKGATE_CONTRACTS:-../shared/contracts}
if [ ! -f "$contracts/sarif/check.py" ] || [ ! -d "${DOCKGATE_TOOLS:-$HOME/.cache/dockgate-tools}/npm" ]; then
  echo "skipped: the verifiers of SARIF and GitLab reports are not here"
  exit 0
fi
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

report() { # NAME ARGUMENTS…: all formats of one run
  local name=$1; shift
  for profile in github gitlab sonar generic; do
    "$dockgate" "$@" --fail-on never --quiet --sarif-profile "$profile" --output "sarif:$out/$name-$profile.sarif" \
      --output "gitlab:$out/$name.cq.json" --output "gitlab-sast:$out/$name.sast.json" >/dev/null
    "$dockgate" sarif validate --sarif-profile "$profile" "$out/$name-$profile.sarif" >/dev/null
  done
}

for fixture in fixtures/*/; do
  name=$(basename "$fixture")
  [ -f "$fixture/Dockerfile" ] && report "$name-check" check "$fixture"
  [ -f "$fixture/image.tar" ] && report "$name-gate" gate "docker-archive:${fixture}image.tar"
  [ -f "$fixture/image.tar" ] && [ -f "$fixture/Dockerfile" ] &&
    report "$name-both" check "$fixture" --image "docker-archive:${fixture}image.tar"
done
# The examples on the rules' pages: every rule about Dockerfiles has a finding.
mkdir "$out/pages"
python3 - "$out/pages" <<'PY'
import pathlib, re, sys
for page in sorted(pathlib.Path("rules/lint").glob("*.md")):
    for n, block in enumerate(re.findall(r"^```dockerfile bad[^\n]*\n(.*?)^```", page.read_text(), re.S | re.M)):
        pathlib.Path(sys.argv[1], f"{page.stem}-{n}.Dockerfile").write_text(block.replace(" # <-", ""))
PY
(cd "$out" && report pages lint --policy strict pages)
mkdir "$out/many"
{ echo "FROM debian"; for i in $(seq 3000); do echo "RUN cd /srv/$i && sudo make $i"; done; } >"$out/many/Dockerfile"
(cd "$out" && report many lint many)

status=0
python3 "$contracts/sarif/check.py" "$out"/*.sarif || status=1
python=${DOCKGATE_TOOLS:-$HOME/.cache/dockgate-tools}/py/bin/python
"$python" "$contracts/gitlab/check.py" codequality "$out"/*.cq.json || status=1
"$python" "$contracts/gitlab/check.py" sast "$out"/*.sast.json || status=1
exit "$status"
