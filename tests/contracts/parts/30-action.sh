# The action: where it gets dockgate from, and all of it, run by act from workflows for a push and for a pull request, without Docker.

# install.sh by itself, where a list of releases does not help. It sees these programs and no others.
bare=$work/bare
mkdir -p "$bare/tools" "$bare/cargo" "$bare/temp"
cp -r "$repository/action" "$bare/"
for tool in bash dirname sed tail awk grep mkdir curl sha256sum cut rm tar gzip; do ln -s "$(type -P "$tool")" "$bare/tools/"; done
cat >"$bare/cargo/cargo" <<CARGO
#!$(type -P bash)
echo "cargo \$*"
$(type -P mkdir) -p "$bare/target/release" && $(type -P cp) "$(type -P true)" "$bare/target/release/dockgate"
CARGO
chmod +x "$bare/cargo/cargo"
install() { # install NAME STATUS SAID VARIABLES…
  local name=$1 status=$2 said=$3
  shift 3
  : >"$work/output"
  expect "install: $name" "$status" env -i PATH="$bare/tools" RUNNER_OS=Linux RUNNER_ARCH=X64 RUNNER_TEMP="$bare/temp" GITHUB_OUTPUT="$work/output" \
    GITHUB_REPOSITORY=acme/site SERVER=http://127.0.0.1:1 REPOSITORY=acme/dockgate VERSION= "$@" bash "$bare/action/install.sh"
  has "install: $name: that is told" "$work/said" "$said"
}
sed -n '/^#/p' "$repository/action/checksums.txt" >"$bare/action/checksums.txt"
install "a release, and the list is empty" 2 '^::error .*older than the first release' VERSION=1.0.0
install "no release is known, and no toolchain" 2 '^::error .*takes a Rust toolchain'
install "no release is known: the source" 0 'knows no release for Linux X64, so its source is built' PATH="$bare/cargo:$bare/tools"
has "install: the source is built with its lock file" "$work/said" '^cargo build .*--locked'
has "install: and is what runs" "$work/output" "^bin=$bare/target/release/dockgate\$"
install "the checkout itself: the source" 0 '^cargo build ' PATH="$bare/cargo:$bare/tools" REPOSITORY=
printf '%064d  dockgate-1.0.0-x86_64-unknown-linux-musl.tar.gz\n' 0 >>"$bare/action/checksums.txt"
install "a release that is not on the list" 2 '^::error .*dockgate-2.0.0-.*not on the list of releases' VERSION=v2.0.0
install "a platform without releases" 2 '^::error .*dockgate-1.0.0-none.*not on the list' VERSION=1.0.0 RUNNER_ARCH=ARM
install "a server that is not there" 2 '^::error .*http://127.0.0.1:1/acme/dockgate/releases/download/v1.0.0/.* cannot be downloaded' VERSION=1.0.0
rm "$bare/action/checksums.txt"
install "no list at all" 2 '^::error .*list of releases .* is missing'

if ! command -v act >/dev/null; then
  skip "the action" "act is not installed"
else
  lab=$work/lab
  mkdir -p "$lab/.github/workflows" "$lab/fixtures" "$work/cache" "$work/action" "$work/releases/v9.9.9" "$work/pack" "$work/bin"
  ln -s "$dockgate" "$work/bin/dockgate"
  cp -r "$repository/action.yml" "$repository/action" "$lab/"
  cp -r "$repository/action.yml" "$repository/action" "$work/action/"
  cp -r "$repository/fixtures/aic-secret" "$lab/fixtures/"
  mkdir "$lab/good"
  printf 'FROM debian:12.8\nHEALTHCHECK NONE\nUSER 10001:10001\n' >"$lab/good/Dockerfile"
  # Stands for the one on GitHub: what is asked of it is known, and nothing is kept.
  cat >"$work/cache/action.yml" <<'ACTION'
name: cache
description: keeps nothing
inputs: { path: { description: what }, key: { description: name }, restore-keys: { description: others } }
runs: { using: composite, steps: [{ shell: bash, run: "true" }] }
ACTION
  # A release on a server of our own, and the list that knows it.
  case $(uname -m) in
    aarch64) target=aarch64-unknown-linux-musl ;;
    *) target=x86_64-unknown-linux-musl ;;
  esac
  cp "$dockgate" "$work/pack/dockgate"
  tar -czf "$work/releases/v9.9.9/dockgate-9.9.9-$target.tar.gz" -C "$work/pack" .
  (cd "$work/releases/v9.9.9" && sha256sum ./*.tar.gz | sed 's|\./||') >"$work/action/action/checksums.txt"
  sed 's/^f/e/; t; s/^./f/' "$work/action/action/checksums.txt" >"$work/forged.txt"
  serve "$work/releases.log" "Serving" python3 -u -m http.server 4112 --bind 127.0.0.1 --directory "$work/releases"
  workflow() { # workflow NAME USES WITH…
    local name=$1 uses=$2
    shift 2
    {
      printf 'on: { push: , pull_request: , merge_group: , schedule: [{ cron: "1 1 * * 1" }] }\njobs:\n  gate:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v5\n'
      printf '      - id: gate\n        uses: %s\n        continue-on-error: true\n        with:\n' "$uses"
      printf '          %s\n' "$@"
      printf '      - env:\n          WORDS: ${{ steps.gate.outcome }} ${{ steps.gate.outputs.verdict }} ${{ steps.gate.outputs.counts }}\n'
      printf '        run: echo "$WORDS" >"$RESULT"\n'
    } >"$lab/.github/workflows/$name.yml"
  }
  git_in() { git -C "$lab" -c user.name=lab -c user.email=lab@example.com "$@"; }
  workflow own ./ 'context: fixtures/aic-secret' 'image: docker-archive:fixtures/aic-secret/image.tar' 'version: path'
  workflow clean ./ 'context: good' 'version: path' "formats: |" '  junit:one two.xml' '  gitlab:quality.json'
  workflow pull ./ 'context: .' 'dockerfile: Dockerfile' 'version: path' 'review: always' 'comment: always' 'upload-sarif: always'
  workflow fresh ./ 'context: .' 'version: path' 'new-only: "true"'
  workflow guarded ./ 'context: .' 'version: path' 'policy: dockgate.toml' 'policy-from: base' 'annotations: "false"'
  workflow lenient ./ 'context: .' 'version: path' 'fail-on: never'
  workflow released acme/dockgate@v9 'context: good'
  workflow unlisted ./ 'context: good' 'version: 9.9.8'
  workflow misspelt ./ 'context: good' 'version: path' 'annotations: yes please'
  workflow hostile ./ 'context: $(touch "$RUNNER_TEMP/owned")`touch /tmp/owned`' 'version: path'
  git_in init -q
  printf 'FROM debian\nRUN true\n' >"$lab/Dockerfile"
  printf 'ruleset = "2026.1"\nextends = "default"\n' >"$lab/dockgate.toml"
  git_in add -A && git_in commit -q -m base
  base=$(git_in rev-parse HEAD)
  printf 'FROM debian\nRUN sudo true\nEXPOSE 22\nHEALTHCHECK NONE\nUSER app\n' >"$lab/Dockerfile"
  printf '[actions]\nerror = "go"\nwarning = "go"\n' >>"$lab/dockgate.toml"
  git_in add -A && git_in commit -q -m change
  change=$(git_in rev-parse HEAD)
  cat >"$work/pull.json" <<EVENT
{"pull_request": {"number": 7, "head": {"sha": "$change", "ref": "topic", "repo": {"full_name": "acme/site"}},
 "base": {"sha": "$base", "ref": "main", "repo": {"full_name": "acme/site"}}}}
EVENT
  gate() { # gate EVENT WORKFLOW PORT OPTIONS…
    local event=$1 name=$2 port=$3
    shift 3
    rm -f "$work/result"
    env -C "$lab" PATH="$work/bin:$PATH" XDG_CACHE_HOME="$work/act" act "$event" --workflows ".github/workflows/$name.yml" \
      --platform ubuntu-latest=-self-hosted --local-repository "actions/cache@0057852bfaa89a56745cba8c7296529d2fc39830=$work/cache" \
      --local-repository "acme/dockgate@v9=$work/action" --secret GITHUB_TOKEN=ghs_contract --env RESULT="$work/result" \
      --env GITHUB_API_URL="http://127.0.0.1:$port" --env DOCKGATE_RELEASES=http://127.0.0.1:4112 --env GITHUB_REPOSITORY=acme/site "$@"
  }
  told() { # told NAME WORDS
    if [ "$(cat "$work/result" 2>/dev/null)" = "$2" ]; then good "$1"; else bad "$1: not $2" "$work/result"; fi
  }
  expect "act: push" 0 gate push own 4110
  told "act: the example ends in STOP" 'failure STOP {"stop":2,"warn":0,"go":2}'
  has "act: with a summary" "$work/said" 'Summary - ## dockgate: STOP'
  expect "act: push, nothing to say" 0 gate push clean 4110
  told "act: GO passes" 'success GO {"stop":0,"warn":0,"go":0}'
  has "act: more formats" "$work/said" 'FINAL GO'
  for event in merge_group schedule; do
    expect "act: $event" 0 gate "$event" clean 4110
    told "act: passes there too" 'success GO {"stop":0,"warn":0,"go":0}'
  done
  expect "act: a release" 0 gate push released 4110
  told "act: whose checksum is on the list is run" 'success GO {"stop":0,"warn":0,"go":0}'
  expect "act: a forged release" 0 gate push released 4110 --env DOCKGATE_CHECKSUMS="$work/forged.txt"
  told "act: is not" 'failure  '
  has "act: and that is told" "$work/said" 'and the list says'
  expect "act: a release without a checksum" 0 gate push unlisted 4110
  told "act: is not run" 'failure  '
  has "act: and that is told" "$work/said" 'no checksum of dockgate-9.9.8-.* is known'
  expect "act: a word that an input does not take" 0 gate push misspelt 4110
  told "act: is refused" 'failure  '
  expect "act: a hostile input" 0 gate push hostile 4110
  if [ -e /tmp/owned ]; then bad "act: an input was run as code"; else good "act: is no code"; fi
  expect "act: a change to the policy" 0 gate pull_request guarded 4110 --eventpath "$work/pull.json"
  has "act: does not soften its own gate" "$work/result" '^failure STOP'
  if [ -f "$work/kept.json" ]; then
    mode '{}'
    before=$(kept 'kept.uploads.length')
    expect "act: pull request" 0 gate pull_request pull 4111 --eventpath "$work/pull.json"
    has "act: publishes on all rungs" "$work/said" 'summary comment: (made|brought up to date)'
    same "act: code scanning has the report" "$((before + 1))" 'kept.uploads.length'
    expect "act: pull request, new only" 0 gate pull_request fresh 4111 --eventpath "$work/pull.json"
    has "act: what the base has too is left out" "$work/result" 'failure STOP \{"stop":2,"warn":0,'
    expect "act: pull request, nothing is to fail" 0 gate pull_request lenient 4111 --eventpath "$work/pull.json"
    has "act: and nothing does" "$work/result" '^success STOP'
    same "act: nor the check run" "neutral" 'kept.checks.at(-1).conclusion'
    mode '{"deny": true}'
    expect "act: pull request from a fork" 0 gate pull_request pull 4111 --eventpath "$work/pull.json"
    has "act: insisting on a right fails" "$work/result" '^failure'
  fi
fi
