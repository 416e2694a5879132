#!/usr/bin/env bash
# Checks, publishes, and tells the outputs. Exit status: that of the check, or with NEW_ONLY that of what is new.
set -euo pipefail

work=$RUNNER_TEMP/dockgate-report
mkdir -p "$work"
# What dockgate keeps for the next run: where the step before this one has put it back, or else where nobody looks for it.
if [ "$CACHE" = true ]; then export XDG_CACHE_HOME=$RUNNER_TEMP/dockgate-cache; else export XDG_CACHE_HOME=$work/cache; fi
sarif=${SARIF:-$work/dockgate.sarif}
rm -f "$sarif" "$work/page.md"

# A commit that the change is made to, fetched where the checkout is shallow.
base() {
  if [ -n "$BASE_SHA" ] && ! git cat-file -e "$BASE_SHA^{commit}" 2>/dev/null; then
    git fetch --quiet --no-tags --depth=1 origin "$BASE_SHA" || echo "note: the commit $BASE_SHA, which the change is made to, cannot be fetched"
  fi
}

policy=(--policy "$POLICY")
if [ "$POLICY_FROM" = base ]; then
  base
  if [ -n "$BASE_SHA" ]; then policy+=(--policy-from "$BASE_SHA"); fi
elif [ -n "$POLICY_FROM" ]; then
  policy+=(--policy-from "$POLICY_FROM")
fi

args=(check "$CONTEXT" "${policy[@]}" --output "sarif:$sarif" --output "markdown:$work/page.md")
if [ -n "$DOCKERFILE" ]; then args+=(--file "$DOCKERFILE"); fi
if [ -n "$IMAGE" ]; then args+=(--image "$IMAGE"); fi
if [ -n "$BASE" ]; then args+=(--base "$BASE"); fi
while IFS= read -r format; do
  if [ -n "$format" ]; then args+=(--output "$format"); fi
done <<<"$FORMATS"
# With NEW_ONLY it is what is new that decides, and publish knows what that is.
if [ "$NEW_ONLY" = false ]; then args+=(--fail-on "$FAIL_ON"); else args+=(--fail-on never); fi

echo "::group::dockgate check"
# The report quotes files, and nothing in them is to be a command for the runner.
stop=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
echo "::stop-commands::$stop"
status=0
"$BIN" "${args[@]}" | tee "$work/check.txt" || status=${PIPESTATUS[0]}
echo "::$stop::"
echo "::endgroup::"
if [ ! -f "$sarif" ]; then exit "$((status == 0 ? 2 : status))"; fi
if [ "$SUMMARY" = true ]; then cat "$work/page.md" >>"$GITHUB_STEP_SUMMARY"; fi

when() { if [ "$1" = true ]; then echo auto; elif [ "$1" = always ]; then echo always; else echo never; fi; }
args=(publish "$sarif" --annotations "$(when "$ANNOTATIONS")" --review "$(when "$REVIEW")" --comment "$(when "$COMMENT")")
args+=(--upload-sarif "$(when "$UPLOAD_SARIF")" --summary never "${policy[@]}")
if [ -n "$NAME" ]; then args+=(--name "$NAME"); fi
final=$work/check.txt
if [ "$NEW_ONLY" != false ]; then
  final=$work/publish.txt
  args+=(--new-only --fail-on "$FAIL_ON")
  if [ "$NEW_ONLY" = true ]; then base; else args+=(--baseline "$NEW_ONLY"); fi
fi
published=0
"$BIN" "${args[@]}" | tee "$work/publish.txt" || published=${PIPESTATUS[0]}

pattern='^FINAL (GO|WARN|STOP): ([0-9]+) STOP, ([0-9]+) WARN, ([0-9]+) GO'
while IFS= read -r line; do
  if [[ $line =~ $pattern ]]; then
    {
      echo "verdict=${BASH_REMATCH[1]}"
      echo "counts={\"stop\":${BASH_REMATCH[2]},\"warn\":${BASH_REMATCH[3]},\"go\":${BASH_REMATCH[4]}}"
    } >>"$GITHUB_OUTPUT"
  fi
done <"$final"
echo "sarif=$sarif" >>"$GITHUB_OUTPUT"

# What could not be done weighs more than a verdict.
exit "$((status > published ? status : published))"
