# The policies that the 2017 tool itself shipped are read as they are, and decide.

conf=$tools/anchore/anchore/conf
if [ -e "$conf/anchore_gate.policy" ]; then
  mkdir "$work/anchore"
  printf 'FROM dockgate-fixture/base:1\nEXPOSE 22\n' >"$work/anchore/Dockerfile"
  decides() { # decides NAME OPTION…: port 22 is found by its gate, and the table ends in a verdict
    local name=$1
    shift
    expect "$name" 0 "$dockgate" gate "docker-archive:$repository/fixtures/aic-secret/image.tar" \
      --dockerfile "$work/anchore/Dockerfile" --format table --fail-on never "$@"
    has "$name: port 22" "$work/said" '\| DOCKERFILECHECK +\| EXPOSE +\| .* \| (STOP|WARN) '
    has "$name: a verdict" "$work/said" '\| FINAL +\| FINAL +\| +\| (STOP|WARN) '
  }
  for file in anchore_gate.policy anchore_default_bundle.json; do
    expect "policy check $file" 0 "$dockgate" policy check "$conf/$file"
    expect "policy convert $file" 0 "$dockgate" policy convert "$conf/$file"
  done
  decides "anchore_gate.policy" --policy "$conf/anchore_gate.policy"
  decides "anchore_global.whitelist" --policy "$conf/anchore_gate.policy" --global-whitelist "$conf/anchore_global.whitelist"
  decides "anchore_default_bundle.json" --bundle "$conf/anchore_default_bundle.json"
else
  skip "anchore" "not installed"
fi
