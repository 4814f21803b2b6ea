"""An issuer's program in Python: keys are files in KEYS_DIR, named by their ref; their lines are the label and the value.

What is to go wrong stands in the file `fault.json`: by action, how. Every question is noted in `asked.jsonl`, without values.
"""
import json
import os
import secrets
import subprocess
import sys
import time

FOLDER = os.environ["KEYS_DIR"]


def lines_of(ref):
    try:
        with open(os.path.join(FOLDER, ref), encoding="utf-8") as file:
            return file.read().split("\n")
    except OSError:
        return ["", ""]


def keys():
    return [name for name in sorted(os.listdir(FOLDER)) if "." not in name]


def issue(request):
    ref, value = secrets.token_hex(8), secrets.token_urlsafe(24)
    with open(os.path.join(FOLDER, ref), "w", encoding="utf-8") as file:
        file.write(f"{request['label']}\n{value}\n")
    return {"fields": {"value": value}, "ref": ref}


def check(request):
    works = lines_of(request["ref"])[1] == request["fields"]["value"]
    return {"verdict": "works" if works else "refused", "detail": None if works else "no such key"}


def revoke(request):
    if request["ref"] in keys():
        os.remove(os.path.join(FOLDER, request["ref"]))
    return {"revoked": True}


def find(request):
    return {"refs": [ref for ref in keys() if lines_of(ref)[0] == request["label"]]}


def fault_of(action):
    try:
        with open(os.path.join(FOLDER, "fault.json"), encoding="utf-8") as file:
            return json.load(file).get(action, {})
    except OSError:
        return {}


def main():
    request = json.load(sys.stdin)
    action = request["action"]
    fault = fault_of(action)
    with open(os.path.join(FOLDER, "asked.jsonl"), "a", encoding="utf-8") as file:
        about = {key: value for key, value in request.items() if key != "fields"}
        file.write(json.dumps({**about, "argv": sys.argv[1:], "cwd": os.getcwd()}) + "\n")
    if "stderr" in fault:
        print(fault["stderr"].replace("$KEY", os.environ.get("KEYS_ADMIN", "")), file=sys.stderr)
    if "children" in fault:
        child = subprocess.Popen(["sleep", "600"])
        with open(os.path.join(FOLDER, "child.pid"), "w", encoding="utf-8") as file:
            file.write(str(child.pid))
    if "instead" in fault:
        sys.stdout.write(fault["instead"].replace("$KEY", os.environ.get("KEYS_ADMIN", "")))
    if "hang" in fault:
        sys.stdout.flush()
        time.sleep(600)
    if "print" in fault:
        sys.stdout.write("x" * fault["print"])
        sys.stdout.flush()
    if "exit" in fault and not fault.get("after"):
        sys.exit(fault["exit"])
    if "instead" in fault:
        return
    answer = {"issue": issue, "check": check, "revoke": revoke, "find": find}[action](request)
    if fault.get("signal"):
        os.kill(os.getpid(), fault["signal"])
    if fault.get("after") == "hang":
        time.sleep(600)
    if fault.get("after") == "silence":
        return
    for key, value in fault.get("answer", {}).items():
        answer[key] = value
    print(json.dumps(answer))
    sys.stdout.flush()
    sys.exit(fault.get("exit", 0) if fault.get("after") else 0)


main()
