#!/usr/bin/env python3
"""Over a folder of Dockerfiles: the share of findings with a fix, by rule, and how long `dockgate fix` takes.

    tests/fix_share.py DOCKGATE FOLDER

Counts findings of rules whose pages promise a fix (those of a rule with codes by code, when any of the code has one) and can make it from the file
alone: `unpinned-base` asks a registry. Then it
copies 1,000 of the files and fixes them in one run, safely and with --unsafe. Nothing in FOLDER changes.
"""

import collections
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

FILES = 1000
# What these put in stands in no Dockerfile.
ELSEWHERE = {"unpinned-base"}
# Every rule of Dockerfiles that needs no parameter.
POLICY = 'ruleset = "2026.1"\n[rules]\n'


def run(*args):
    return subprocess.run(args, capture_output=True, text=True, check=False)


def main():
    dockgate, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    rules = json.loads(run(dockgate, "rules", "--format", "json").stdout)
    rules = rules["rules"] if isinstance(rules, dict) else rules
    fixable = {rule["id"] for rule in rules if rule["fix"] != "none"} - ELSEWHERE
    print(f"{len(fixable)} rules with a fix")
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        policy = work / "policy.toml"
        policy.write_text(POLICY + "".join(f'{rule} = "warn"\n' for rule in sorted(fixable)))
        report = json.loads(run(dockgate, "lint", str(folder), "--policy", str(policy), "--format", "json").stdout)
        found, fixed = collections.Counter(), collections.Counter()
        for finding in report["findings"]:
            key = f"{finding['rule']} {finding.get('code') or ''}".strip()
            found[key] += 1
            fixed[key] += finding.get("fix") is not None
        of = [key for key in found if key.split()[0] in fixable and (" " not in key or fixed[key])]
        for key in sorted(of, key=lambda key: found[key] - fixed[key], reverse=True):
            print(f"{found[key]:6} {fixed[key]:6} {fixed[key] / found[key]:7.1%}  {key}")
        total, mended = sum(found[key] for key in of), sum(fixed[key] for key in of)
        print(f"{total:6} {mended:6} {mended / max(total, 1):7.1%}  all")
        for flag in ([], ["--unsafe"]):
            some = work / "-".join(["files", *flag])
            some.mkdir()
            for path in sorted(folder.rglob("*Dockerfile"))[:FILES]:
                shutil.copy(path, some)
            for turn in ("first", "second"):
                start = time.monotonic()
                out = run(dockgate, "fix", str(some), *flag)
                print(f"fix {' '.join(flag)} {turn}: {time.monotonic() - start:.2f} s, {out.stdout.splitlines()[-1:]}")
                for note in out.stderr.splitlines():
                    if "not made" in note:
                        print(note)


main()
