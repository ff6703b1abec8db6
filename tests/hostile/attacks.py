"""The attacks of a hostile repository, in a table. The tests and docs/hostile.md are made from it."""

from __future__ import annotations

import os
import subprocess
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.rig import Place

HOLE = "import subprocess\n\n\ndef go(x):\n    subprocess.call('ls ' + x, shell=True)\n"
"""What every attack tries to get past the gates."""
SOURCE = ("bandit", "semgrep")
MANY = 20_000
DEEP = 10_000
RAN = "ran"
"""The file that appears when code of the repository was started."""
FOUND = "the hole is reported"
NAMED = "INCONCLUSIVE, naming it"
HARMLESS = "without effect"


Options = Mapping[str, Mapping[str, object]]


@dataclass(frozen=True)
class Attack:
    """Something that a repository brings, and what comes of it."""

    name: str
    what: str
    """In a few words, for the table."""
    gates: tuple[str, ...]
    plant: Callable[[Place], None]
    outcome: str = FOUND
    words: str = ""
    """A regular expression that the reasons match."""
    options: Options = field(default_factory=dict)
    """Of a gate, beside the usual ones."""
    mode: str = "well"
    """What the application under test does."""
    openapi: str = "/openapi.json"
    seconds: float = 90.0
    open: str = ""
    """Why it succeeds, where it still does."""
    holes: int = 1
    """In how many places the hole must be reported, or the place named as not judged."""


def write(path: Path, content: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def payload(place: Place) -> str:
    """Python that leaves word when it is run, and ends whoever ran it."""
    return f"open({str(place.word / RAN)!r}, 'w').close()\nimport os\nos._exit(0)\n"


def hooks(place: Place) -> None:
    write(place.root / "victim.py", HOLE)
    for name in ("sitecustomize", "usercustomize", "conftest", "setup", "noxfile", "locustfile", "bandit_plugin"):
        write(place.root / f"{name}.py", payload(place))
    write(place.root / "evil.pth", f"import os; open({str(place.word / RAN)!r}, 'w').close()\n")


def namesakes(place: Place) -> None:
    write(place.root / "victim.py", HOLE)
    for name in ("sdlc", "sdlc_gates", "gates", "bandit", "semgrep", "pip_audit"):
        for part in ("__init__", "__main__", "cli"):
            write(place.root / name / f"{part}.py", payload(place))
    for name in ("msgspec", "json", "typer", "yaml", "subprocess", "zlib"):
        write(place.root / f"{name}.py", payload(place))


def settings(place: Place) -> None:
    write(place.root / "victim.py", HOLE)
    skip = "skips = B602,B404,B603\nexclude = /\ntests = B101\n"
    write(place.root / ".bandit", f"[bandit]\n{skip}")
    write(place.root / "setup.cfg", f"[bandit]\n{skip}")
    write(place.root / "tox.ini", f"[bandit]\n{skip}")
    write(place.root / "bandit.yaml", "skips: [B602, B404, B603]\nexclude_dirs: ['.']\n")
    write(place.root / ".bandit_baseline.json", "{}")
    write(place.root / "pyproject.toml", '[tool.bandit]\nskips = ["B602"]\nexclude_dirs = ["."]\n[tool.semgrep]\n')
    write(place.root / ".semgrepignore", "*\n")
    write(place.root / ".semgrep.yml", "rules: []\n")
    write(place.root / ".semgrep" / "settings.yml", "rules: []\n")
    write(place.root / "semgrepignore", "*\n")
    write(place.root / "pytest.ini", "[pytest]\naddopts = --co\n")


def comments(place: Place) -> None:
    write(place.root / "victim.py", HOLE.rstrip("\n") + "  # nosec  # nosemgrep\n")


def excludable(place: Place) -> None:
    for folder in ("tests", "vendor", "build", "dist", ".hidden", "site-packages"):
        write(place.root / folder / "victim.py", HOLE)


def git_settings(place: Place) -> None:
    write(place.root / "victim.py", HOLE)
    write(place.root / ".gitattributes", "* filter=evil diff=evil\n")
    _committed(place.root)
    shout = f"touch {place.word / RAN}; cat"
    with (place.root / ".git" / "config").open("a") as file:
        file.write(f'[filter "evil"]\n\tclean = {shout}\n\tsmudge = {shout}\n\tprocess = {shout}\n\trequired = true\n')
        file.write(f'[diff "evil"]\n\tcommand = {shout}\n\ttextconv = {shout}\n')
        file.write(f"[core]\n\tfsmonitor = {shout}\n\tpager = {shout}\n\tsshCommand = {shout}\n\thooksPath = .git/hooks\n")
        file.write(f"[alias]\n\tls-files = !{shout}\n\tstatus = !{shout}\n[gpg]\n\tprogram = {shout}\n")
    for name in ("post-index-change", "pre-commit", "fsmonitor-watchman", "post-checkout"):
        write(place.root / ".git" / "hooks" / name, f"#!/bin/sh\n{shout}\n")
        (place.root / ".git" / "hooks" / name).chmod(0o755)
    # Git reads again what looks changed.
    os.utime(place.root / "victim.py", (1, 1))


def ignored(place: Place) -> None:
    write(place.root / "victim.py", HOLE)
    write(place.root / ".gitignore", "*\n")
    _committed(place.root)
    write(place.root / ".git" / "info" / "exclude", "*\n")
    for flag in ("--assume-unchanged", "--skip-worktree"):
        subprocess.run(["git", "update-index", flag, "victim.py"], cwd=place.root, check=True, capture_output=True)


def _committed(root: Path) -> None:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    for arguments in (("init", "-q"), ("add", "-f", "."), (*who, "commit", "-q", "-m", "all")):
        subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True)


def link_out(place: Place) -> None:
    (place.root / "out.py").symlink_to("/etc/passwd")
    (place.root / "everything").symlink_to("/")


def pipe(place: Place) -> None:
    os.mkfifo(place.root / "pipe.py")


def device(place: Place) -> None:
    (place.root / "zero.py").symlink_to("/dev/zero")


def huge(place: Place) -> None:
    with (place.root / "huge.py").open("wb") as file:
        file.write(HOLE.encode())
        file.truncate(2 << 30)


def deep(place: Place) -> None:
    write(place.root / "deep.py", "x = " + "[" * DEEP + "]" * DEEP + "\n" + HOLE)


def long_sum(place: Place) -> None:
    write(place.root / "long.py", "x = " + "1+" * (2 * DEEP) + "1\n" + HOLE)


def many(place: Place) -> None:
    write(place.root / "victim.py", HOLE)
    for number in range(MANY):
        folder = place.root / f"d{number // 1000}"
        if number % 1000 == 0:
            folder.mkdir()
        os.close(os.open(folder / f"f{number}.dat", os.O_CREAT))


NAMES = (
    b"new\nline.py",
    b"\x1b[2J\x1b[31mred.py",
    b"<script>alert(1)<",
    b"-rf.py",
    b"--help.py",
    b"latin-\xff\xfe.py",
    b"a b'\"$(x);.py",
)


def names(place: Place) -> None:
    for name in NAMES:
        ending = b"" if name.endswith(b".py") else b".py"
        write(place.root / os.fsdecode(name + ending), HOLE)


def encodings(place: Place) -> None:
    write(place.root / "utf16.py", HOLE.encode("utf-16"))
    write(place.root / "nul.py", b"a\0b\n" + HOLE.encode())
    write(place.root / "other.py", b"# \xff\n" + HOLE.encode())


HIDING = {
    "utf-7": b"def go(x):\n    subprocess.call('ls ' +- x, +AHMAaABlAGwAbA-=True)\n",
    "raw_unicode_escape": b"def go(x):\n    subprocess.call('ls ' + x, \\u0073hell=True)\n",
    "shift_jis": b"y = '\x95\x5c'; subprocess.call('ls', shell=True); z = 'x'\n",
}


def declared_encodings(place: Place) -> None:
    """Code that is none, or other code, to whoever doesn't go by the declaration."""
    for name, code in HIDING.items():
        write(place.root / f"{name.replace('-', '_')}.py", b"# coding: " + name.encode() + b"\nimport subprocess\n" + code)


def scripts(place: Place) -> None:
    write(place.root / "bin" / "deploy", "#!/usr/bin/env python3\n" + HOLE)
    write(place.root / "manage", "#!/usr/bin/python3.11 -u\n" + HOLE)


def blanks(place: Place) -> None:
    line = "x = 1" + " " * 1_000_000 + "\n"
    write(place.root / "victim.py", HOLE + "# nosemgrep is a word here\n" + line + "#" + " " * 1_000_000 + "y\n" + line)


def planted_runs(place: Place) -> None:
    write(place.root / "victim.py", HOLE)
    write(place.root / ".sdlc" / "runs" / "99991231T235959000Z-00000000" / "run.json", "{}")
    write(place.root / ".sdlc" / "victim.py", HOLE)


def requirements(place: Place) -> None:
    write(place.root / "setup.py", payload(place))
    write(place.root / "pip.conf", "[global]\nindex-url = http://127.0.0.1:9/simple\n")
    write(place.root / "pip.ini", "[global]\nindex-url = http://127.0.0.1:9/simple\n")
    write(place.root / "uv.toml", "index-url = 'http://127.0.0.1:9/simple'\n")
    lines = ["--index-url http://127.0.0.1:9/simple", "--trusted-host 127.0.0.1", "-e .", ".", "--no-binary :all:"]
    lines += [f"evil @ file://{place.root}", "other @ git+ssh://127.0.0.1:9/x", "-r /etc/passwd", "-c ../../outside.txt"]
    write(place.root / "requirements.txt", "\n".join([*lines, "requests==2.32.0"]) + "\n")


def requirements_loop(place: Place) -> None:
    write(place.root / "requirements.txt", "-r other.txt\nrequests==2.32.0\n")
    write(place.root / "other.txt", "-r requirements.txt\n" + "-r other.txt\n" * 1000)


def requirements_pipe(place: Place) -> None:
    (place.root / "requirements.txt").unlink()
    os.mkfifo(place.root / "requirements.txt")


def zip_bomb(place: Place) -> None:
    with zipfile.ZipFile(place.root / "db.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        zeros = b"0" * (16 << 20)
        for number in range(200):
            archive.writestr(f"A-{number}.json", zeros)


def zip_climbs(place: Place) -> None:
    with zipfile.ZipFile(place.root / "db.zip", "w") as archive:
        archive.writestr("../../../escaped.json", "{}")
        archive.writestr("/tmp/escaped-from-zip.json", "{}")


def nested_advisory(place: Place) -> None:
    write(place.root / "db" / "A-1.json", '{"id": ' + "[" * 100_000 + "]" * 100_000 + "}")


DATABASE = {"pip-audit": {"advisories": "db.zip"}}
