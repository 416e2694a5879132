#!/usr/bin/env bash
# Checks, publishes, and tells the outputs. Exit status: that of the check, with NEW_ONLY by what is new alone, or 2 when something
# that was insisted on could not be done.
set -euo pipefail

fail() { echo "::error title=dockgate::$1"; exit 2; }
# A word that is none of those an input takes must not switch something off in silence.
one_of() { # one_of INPUT VALUE WORD…
  local input=$1 value=$2 word
  shift 2
  for word in "$@"; do if [ "$value" = "$word" ]; then return; fi; done
  fail "the input $input is none of: $*"
}
one_of annotations "$ANNOTATIONS" true false always
one_of review "$REVIEW" true false always
one_of comment "$COMMENT" true false always
one_of upload-sarif "$UPLOAD_SARIF" true false always
one_of summary "$SUMMARY" true false
one_of cache "$CACHE" true false

work=$RUNNER_TEMP/dockgate-report
mkdir -p "$work"
sarif=${SARIF:-$work/dockgate.sarif}
rm -f "$sarif" "$work/page.md"

# Fetches from where the checkout came from: with the credentials it left behind, or else with the token.
fetch() {
  git fetch --quiet --no-tags --depth=1 origin "$1" 2>/dev/null && return
  local header
  header="AUTHORIZATION: basic $(printf 'x-access-token:%s' "$GITHUB_TOKEN" | base64 | tr -d '\n')"
  GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0="http.$SERVER/.extraheader" GIT_CONFIG_VALUE_0=$header GIT_TERMINAL_PROMPT=0 \
    git fetch --quiet --no-tags --depth=1 origin "$1"
}

# The commit that the change is made to, fetched where the checkout is shallow; that of the default branch for a branch that is
# new. Empty where the event knows no change.
base=
if [[ $BASE_SHA =~ ^0+$ ]]; then
  if fetch "refs/heads/$DEFAULT_BRANCH"; then base=$(git rev-parse --verify --quiet FETCH_HEAD); fi
  if [ -z "$base" ]; then base=unknown; fi
elif [ -n "$BASE_SHA" ]; then
  [[ $BASE_SHA =~ ^[0-9a-f]{40,64}$ ]] || fail "the event names no commit that the change is made to"
  base=$BASE_SHA
  if [ "$POLICY_FROM" = base ] || [ "$NEW_ONLY" = true ]; then
    git cat-file -e "$base^{commit}" 2>/dev/null || fetch "$base" || echo "note: the commit $base, which the change is made to, cannot be fetched"
  fi
fi

args=(check --policy="$POLICY" --fail-on="$FAIL_ON" --output="sarif:$sarif" --output="markdown:$work/page.md")
if [ "$POLICY_FROM" = base ]; then
  # Without that commit there is no policy, and the check says so and fails.
  if [ -n "$base" ]; then args+=(--policy-from="$base"); fi
elif [ -n "$POLICY_FROM" ]; then
  args+=(--policy-from="$POLICY_FROM")
fi
if [ -n "$DOCKERFILE" ]; then args+=(--file="$DOCKERFILE"); fi
if [ -n "$IMAGE" ]; then
  args+=(--image="$IMAGE")
  # Where the step before this one has put it back.
  if [ "$CACHE" = true ]; then args+=(--cache-dir="$RUNNER_TEMP/dockgate-cache"); else args+=(--no-cache); fi
fi
if [ -n "$BASE" ]; then args+=(--base="$BASE"); fi
if [ -n "$PREVIOUS" ]; then args+=(--previous="$PREVIOUS"); fi
while IFS= read -r format; do
  if [ -n "$format" ]; then args+=(--output="$format"); fi
done <<<"$FORMATS"
case $NEW_ONLY in
  false) ;;
  true)
    if [ -n "$base" ] && git cat-file -e "$base^{commit}" 2>/dev/null; then
      args+=(--new-only --base-ref="$base")
    elif [ -n "$PREVIOUS" ]; then
      args+=(--new-only)
    else
      echo "note: there is nothing to hold this run against, so everything counts as new"
    fi
    ;;
  *) args+=(--new-only --baseline="$NEW_ONLY") ;;
esac

echo "::group::dockgate check"
# The report quotes files, and nothing in them is to be a command for the runner.
stop=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
echo "::stop-commands::$stop"
status=0
env -u GITHUB_TOKEN "$BIN" "${args[@]}" -- "$CONTEXT" | tee "$work/check.txt" || status=${PIPESTATUS[0]}
echo "::$stop::"
echo "::endgroup::"
if [ ! -f "$sarif" ]; then exit "$((status == 0 ? 2 : status))"; fi
if [ "$SUMMARY" = true ]; then cat "$work/page.md" >>"$GITHUB_STEP_SUMMARY"; fi

pattern='^FINAL (GO|WARN|STOP): ([0-9]+) STOP, ([0-9]+) WARN, ([0-9]+) GO'
while IFS= read -r line; do
  if [[ $line =~ $pattern ]]; then
    {
      echo "verdict=${BASH_REMATCH[1]}"
      echo "counts={\"stop\":${BASH_REMATCH[2]},\"warn\":${BASH_REMATCH[3]},\"go\":${BASH_REMATCH[4]}}"
    } >>"$GITHUB_OUTPUT"
  fi
done <"$work/check.txt"
echo "sarif=$sarif" >>"$GITHUB_OUTPUT"

when() { case $1 in true) echo auto ;; always) echo always ;; *) echo never ;; esac; }
args=(publish --annotations="$(when "$ANNOTATIONS")" --review="$(when "$REVIEW")" --comment="$(when "$COMMENT")")
args+=(--upload-sarif="$(when "$UPLOAD_SARIF")" --summary=never --fail-on="$FAIL_ON")
if [ -n "$NAME" ]; then args+=(--name="$NAME"); fi
published=0
"$BIN" "${args[@]}" -- "$sarif" || published=$?
# The verdict is the check's.
if [ "$published" -eq 1 ]; then published=0; fi

# What could not be done weighs more than a verdict.
exit "$((status > published ? status : published))"
