# action.yml, the workflows and the hooks as the linters of GitHub Actions see them.

if command -v actionlint >/dev/null; then
  expect "actionlint" 0 env -C "$repository" actionlint
else
  skip "actionlint" "not installed"
fi
if command -v zizmor >/dev/null; then
  expect "zizmor" 0 env -C "$repository" zizmor --offline --quiet .
else
  skip "zizmor" "not installed"
fi
if [ -e "$modules/.bin/action-validator" ]; then
  for file in "$repository"/action.yml "$repository"/.github/workflows/*.yml; do
    # Its schema is older than the permission to attest.
    copy=$work/$(basename "$file")
    sed '/^ *attestations: write/d' "$file" >"$copy"
    expect "action-validator $(basename "$file")" 0 "$modules/.bin/action-validator" "$copy"
  done
else
  skip "action-validator" "not installed"
fi
if command -v shellcheck >/dev/null; then
  expect "shellcheck" 0 shellcheck --severity=warning "$repository"/action/*.sh "$here/run.sh"
else
  skip "shellcheck" "not installed"
fi
