# The hooks, as pre-commit gives them to users.

if ! command -v pre-commit >/dev/null; then
  skip "pre-commit" "not installed"
else
  hooked=$work/hooked
  mkdir -p "$hooked" "$work/bin"
  ln -sf "$dockgate" "$work/bin/dockgate"
  printf 'FROM debian:12.8\nEXPOSE 22\nHEALTHCHECK NONE\nUSER app\n' >"$hooked/api.dockerfile"
  printf 'EXPOSE 22\n' >"$hooked/dockerfile.dockerignore"
  git -C "$hooked" init -q && git -C "$hooked" add -A
  hook() { # hook ID
    env -C "$hooked" PATH="$work/bin:$PATH" PRE_COMMIT_HOME="$work/pre-commit" pre-commit try-repo "$repository" "$1" --all-files --verbose
  }
  expect "pre-commit: a finding stops the commit" 1 hook dockgate-system
  has "pre-commit: api.dockerfile is looked at, an ignore file is not" "$work/said" 'checked 1 Dockerfile'
  printf 'FROM debian:12.8\nHEALTHCHECK NONE\nUSER app\n' >"$hooked/api.dockerfile"
  git -C "$hooked" add -A
  expect "pre-commit: nothing to say" 0 hook dockgate-system
  # Compiles all of dockgate, which takes minutes.
  if [ -n "${DOCKGATE_SLOW:-}" ]; then
    expect "pre-commit: the hook that is built" 0 hook dockgate
  else
    skip "pre-commit: the hook that is built" "DOCKGATE_SLOW is not set"
  fi
fi
