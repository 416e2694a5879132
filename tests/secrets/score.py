#!/usr/bin/env python3
"""How much of what plant.py planted is found, and how much else.

    score.py OUT [--dockgate BINARY] [--confidence low|medium|high] [--list]

Recall is the share of planted secrets with a finding on one of their lines; precision the share of findings' places that are a planted
secret. gitleaks and kingfisher are asked too when they are on PATH, with their defaults.
"""

import argparse
import collections
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

LEVELS = ["low", "medium", "high"]


def dockgate(binary, context, least):
    asked = json.dumps({"folder": context}) + "\n"
    answer = json.loads(subprocess.run([binary, "debug", "secrets"], input=asked, capture_output=True, text=True, check=True).stdout)
    if answer.get("error") or answer["problems"]:
        sys.exit(f"dockgate: {answer.get('error') or answer['problems']}")
    return [(h["path"], h["line"], h["detector"]) for h in answer["hits"] if LEVELS.index(h["confidence"]) >= LEVELS.index(least)]


def gitleaks(context):
    with tempfile.TemporaryDirectory() as tmp:
        out = os.path.join(tmp, "out.json")
        subprocess.run(["gitleaks", "dir", context, "-f", "json", "-r", out, "--no-banner", "--exit-code", "0"], capture_output=True, check=True)
        with open(out) as f:
            return [(os.path.relpath(h["File"], context), h["StartLine"], h["RuleID"]) for h in json.load(f)]


def kingfisher(context):
    with tempfile.TemporaryDirectory() as tmp:
        out = os.path.join(tmp, "out.jsonl")
        args = ["kingfisher", "scan", context, "--format", "jsonl", "--no-validate", "--no-update-check", "-o", out]
        # Its exit status says whether it found something.
        subprocess.run(args, capture_output=True)
        with open(out) as f:
            rows = [json.loads(line) for line in f]
    found = [row for row in rows if "finding" in row]
    return [(os.path.relpath(r["finding"]["path"], context), r["finding"]["line"], r["rule"]["id"]) for r in found]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--dockgate", default="dockgate")
    parser.add_argument("--confidence", choices=LEVELS, default="medium", help="findings of dockgate that count")
    parser.add_argument("--list", action="store_true", help="name what dockgate missed, and what it found that was not planted")
    args = parser.parse_args()
    context = os.path.realpath(os.path.join(args.out, "context"))
    with open(os.path.join(args.out, "truth.jsonl")) as f:
        truth = [json.loads(line) for line in f]
    tools = [("dockgate", lambda: dockgate(args.dockgate, context, args.confidence))]
    tools += [(t.__name__, lambda t=t: t(context)) for t in (gitleaks, kingfisher) if shutil.which(t.__name__)]
    print(f"{'':12}{'recall':>8}{'precision':>11}{'missed':>8}{'wrong':>7}{'seconds':>9}")
    for name, run in tools:
        start = time.monotonic()
        found = run()
        seconds = time.monotonic() - start
        by_path = collections.defaultdict(set)
        for path, line, detector in found:
            by_path[path].add((line, detector))
        missed, right = [], set()
        for entry in truth:
            # Binary files have no lines, and tools differ in what they count in them.
            binary = entry["carrier"] == "binary"
            here = {(line, d) for line, d in by_path[entry["path"]] if binary or line == 0 or entry["first"] <= line <= entry["last"]}
            right |= {(entry["path"], line) for line, _ in here}
            if not here:
                missed.append(entry)
        places = {(path, line) for path, all in by_path.items() for line, _ in all}
        wrong = sorted(places - right)
        got = len(truth) - len(missed)
        precision = got / (got + len(wrong)) if got else 0
        print(f"{name:12}{got / len(truth):8.1%}{precision:11.1%}{len(missed):8}{len(wrong):7}{seconds:9.1f}")
        if args.list and name == "dockgate":
            for entry in missed:
                print(f"  missed: {entry['kind']} ({entry['carrier']}) {entry['path']}")
            for path, line in wrong:
                print(f"  wrong: {path}:{line} {sorted({d for l, d in by_path[path] if l == line})}")


if __name__ == "__main__":
    main()
