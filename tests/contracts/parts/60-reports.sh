# shellcheck shell=bash
# SARIF for every reader through its schema and Microsoft's Multitool with GitHub's ingestion rules, and GitLab's Code Quality and SAST
# reports through GitLab's own schemas: of every fixture, of the bad examples of all rules about Dockerfiles, and of 6,000 findings.

contracts=${DOCKGATE_CONTRACTS:-$repository/../shared/contracts}
reports=$work/reports

# report NAME ARGUMENTS…: what is checked, of one run a reader. What GitLab alone reads is the same whoever SARIF is for.
report() {
  local name=$1 profile more
  shift
  for profile in github gitlab sonar generic; do
    more=()
    if [ "$profile" = gitlab ]; then more=(--output "gitlab:$reports/$name.cq.json" --output "gitlab-sast:$reports/$name.sast.json"); fi
    "$dockgate" "$@" --fail-on never --quiet --sarif-profile "$profile" --output "sarif:$reports/$name-$profile.sarif" \
      "${more[@]}" >/dev/null
    "$dockgate" sarif validate --sarif-profile "$profile" "$reports/$name-$profile.sarif" >/dev/null ||
      bad "$name for $profile: dockgate sarif validate"
  done
}

if [ ! -f "$contracts/sarif/check.py" ] || [ ! -d "$tools/npm/node_modules/@microsoft/sarif-multitool-linux" ]; then
  skip reports "the verifiers of SARIF and GitLab reports are not here"
else
  mkdir -p "$reports/pages" "$reports/many"
  python3 - "$repository/rules/lint" "$reports/pages" <<'PY'
import pathlib, re, sys
for page in sorted(pathlib.Path(sys.argv[1]).glob("*.md")):
    for n, block in enumerate(re.findall(r"^```dockerfile bad[^\n]*\n(.*?)^```", page.read_text(), re.S | re.M)):
        pathlib.Path(sys.argv[2], f"{page.stem}-{n}.Dockerfile").write_text(block.replace(" # <-", ""))
PY
  { echo "FROM debian"; for i in $(seq 3000); do echo "RUN cd /srv/$i && sudo make $i"; done; } >"$reports/many/Dockerfile"
  for fixture in "$repository"/fixtures/*/; do
    cd "$fixture" || continue
    name=$(basename "$fixture")
    [ ! -f Dockerfile ] || report "$name-check" check .
    [ ! -f image.tar ] || report "$name-gate" gate docker-archive:image.tar
    [ ! -f image.tar ] || [ ! -f Dockerfile ] || report "$name-both" check . --image docker-archive:image.tar
  done
  cd "$reports" && report pages lint --policy strict pages && report many lint many
  # One run of the Multitool a file, most of which is its start.
  check_sarif() { printf '%s\0' "$reports"/*.sarif | xargs -0 -n 4 -P "$(nproc)" "$tools/py/bin/python" "$contracts/sarif/check.py"; }
  expect "SARIF: schema, Multitool and GitHub's ingestion rules" 0 check_sarif
  expect "GitLab Code Quality" 0 "$tools/py/bin/python" "$contracts/gitlab/check.py" codequality "$reports"/*.cq.json
  expect "GitLab SAST" 0 "$tools/py/bin/python" "$contracts/gitlab/check.py" sast "$reports"/*.sast.json
  cd "$repository" || exit 2
fi
