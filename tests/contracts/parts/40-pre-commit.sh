# shellcheck shell=bash
# The hooks, as pre-commit gives them to users: from a repository that names them, at commits.

# commit_with ID NAME STATUS: `git commit` of what is staged, with the hook in front of it.
commit_with() { expect "pre-commit $1: $2" "$3" env -C "$hooked" GIT_CONFIG_GLOBAL=/dev/null git -c user.name=a -c user.email=a@example.com commit -q -m "$2"; }

# hook ID: what it lets into a repository, and what it does not.
hook() {
  local id=$1 name
  hooked=$work/hooked-$id
  mkdir -p "$hooked/build"
  git -C "$hooked" init -q
  printf 'repos:\n  - repo: %s\n    rev: %s\n    hooks: [{ id: %s, verbose: true }]\n' "$source" "$(git -C "$source" rev-parse HEAD)" "$id" \
    >"$hooked/.pre-commit-config.yaml"
  expect "pre-commit $id: is put in front of commits" 0 env -C "$hooked" pre-commit install --install-hooks
  printf 'FROM debian:12.8\nEXPOSE 22\nHEALTHCHECK NONE\nUSER 10001:10001\n' >"$work/bad"
  printf 'FROM debian:12.8\nHEALTHCHECK NONE\nUSER 10001:10001\n' >"$work/good"
  for name in Dockerfile app.Dockerfile api.dockerfile Containerfile Dockerfile.dev "build/with space.Dockerfile"; do
    cp "$work/bad" "$hooked/$name" && git -C "$hooked" add -A
    commit_with "$id" "a bad $name" 1
    has "pre-commit $id: its finding is told" "$work/said" "$name:2:"
    cp "$work/good" "$hooked/$name"
    commit_with "$id" "mended, but not staged" 1
    git -C "$hooked" add -A
    commit_with "$id" "a good $name" 0
    has "pre-commit $id: it alone is looked at" "$work/said" 'checked 1 Dockerfile '
  done
  cp "$work/bad" "$hooked/Dockerfile"
  git -C "$hooked" mv app.Dockerfile web.Dockerfile
  commit_with "$id" "a good one gets another name" 0
  has "pre-commit $id: nothing unstaged is looked at" "$work/said" 'checked 1 Dockerfile '
  printf 'EXPOSE 22\n' >"$hooked/Dockerfile.dockerignore"
  printf 'pub fn parse() {}\n' >"$hooked/build/dockerfile.rs"
  git -C "$hooked" add Dockerfile.dockerignore build
  commit_with "$id" "what is no Dockerfile" 0
  has "pre-commit $id: is not looked at" "$work/said" 'no files to check'
}

if ! command -v pre-commit >/dev/null; then
  skip "pre-commit" "not installed"
else
  export PRE_COMMIT_HOME=$work/pre-commit
  # What the next commit of this repository would have: pre-commit clones it.
  source=$work/hooks
  mkdir -p "$source" "$work/bin"
  git -C "$repository" ls-files -z --cached --others --exclude-standard | (cd "$repository" && xargs -0 -r ls -d 2>/dev/null) |
    tar -C "$repository" -c -T - | tar -C "$source" -x
  git -C "$source" init -q && git -C "$source" add -A && git -C "$source" -c user.name=a -c user.email=a@example.com commit -q -m all

  ln -sf "$dockgate" "$work/bin/dockgate"
  PATH=$work/bin:$PATH hook dockgate-system
  expect "pre-commit try-repo" 1 env -C "$hooked" PATH="$work/bin:$PATH" pre-commit try-repo "$repository" dockgate-system --files Dockerfile

  # pre-commit compiles all of dockgate, and takes the newest dependencies that Cargo.toml lets in, not those of Cargo.lock. Whether
  # that works does not depend on how well they are optimised.
  if [ -z "${DOCKGATE_SLOW:-}" ]; then
    skip "pre-commit dockgate" "DOCKGATE_SLOW is not set, and it compiles for minutes"
  elif ! command -v cargo >/dev/null; then
    skip "pre-commit dockgate" "there is no Rust toolchain"
  else
    export CARGO_TARGET_DIR=${DOCKGATE_HOOK_TARGET:-$repository/target/hook} CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16
    hook dockgate
    unset CARGO_TARGET_DIR CARGO_PROFILE_RELEASE_OPT_LEVEL CARGO_PROFILE_RELEASE_CODEGEN_UNITS
  fi
  unset PRE_COMMIT_HOME
fi
