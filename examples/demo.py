"""Gates the example shop twice: the vulnerable build must be blocked by every gate, the fixed one released.

Ends with 0 only when both came out so.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
BUILDS = HERE.parent / "build" / "demo"
BIN = Path(sys.executable).parent
SDLC = str(BIN / "sdlc")
GATES = {"bandit", "semgrep", "pip-audit", "wapiti", "locust"}
PASS, FAIL = 0, 1


def main() -> int:
    """Build, gate, and compare with what must come out."""
    print("== the default DAST tool lives in an environment of its own", flush=True)
    subprocess.run([SDLC, "gates", "--install", "wapiti"], check=True, stdout=subprocess.DEVNULL)
    shutil.copytree(HERE / "shop" / "advisories", BUILDS / "advisories", dirs_exist_ok=True)
    vulnerable, fixed = build("vulnerable"), build("fixed")
    print("\n== the vulnerable build: every gate must find something", flush=True)
    blocked = gate(vulnerable)
    print("\n== the fixed build of the same application: it must be released", flush=True)
    released = gate(fixed)
    complaints = [*complaints_about_vulnerable(vulnerable, blocked), *complaints_about_fixed(released)]
    print()
    for complaint in complaints:
        print(f"demo: {complaint}")
    for name, folder in (("blocked", vulnerable), ("released", fixed)):
        print(f"{name}: {latest(folder) / 'report.html'}")
    return 1 if complaints else 0


def build(variant: str) -> Path:
    """One build of the shop, as a git repository of its own like any user's."""
    folder = BUILDS / variant
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, str(HERE / "shop" / "build.py"), variant, str(folder)], check=True)
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    return folder


def gate(folder: Path) -> int:
    """What `sdlc run` says about a build."""
    return subprocess.run([SDLC, "run", str(folder)], check=False).returncode


def latest(folder: Path) -> Path:
    """The newest run directory."""
    return max((folder / ".sdlc" / "runs").iterdir())


def complaints_about_vulnerable(folder: Path, code: int) -> list[str]:
    """What is wrong with the verdict on the vulnerable build."""
    complaints = [] if code == FAIL else [f"the vulnerable build ended with {code}, not {FAIL}"]
    run = json.loads((latest(folder) / "run.json").read_text(encoding="utf-8"))
    blocking = {reason["gate"] for reason in run["decision"]["reasons"] if reason["verdict"] == "FAIL"}
    complaints += [f"{gate} found nothing in the vulnerable build" for gate in sorted(GATES - blocking)]
    if not any(outcome["verdict"] == "FAIL" for outcome in run["decision"]["outcomes"]):
        complaints.append("the vulnerable build broke no performance threshold")
    return complaints


def complaints_about_fixed(code: int) -> list[str]:
    """What is wrong with the verdict on the fixed build."""
    return [] if code == PASS else [f"the fixed build ended with {code}, not {PASS}"]


if __name__ == "__main__":
    sys.exit(main())
