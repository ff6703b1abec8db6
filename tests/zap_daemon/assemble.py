"""Assemble a working ZAP 2.17.0 daemon from what is published on Maven Central.

The result has the API, the proxy, the spider and the active scan engine, but not one of ZAP's own
scan rules: those, and the passive scanner, are not published there.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ZAP_VERSION = "2.17.0"
DEFAULT_OUT = Path.home() / ".cache" / "sdlc" / f"zap-{ZAP_VERSION}"
STAMP = ".complete.json"
LOCK = HERE / "jars.sha256"
BOOT = HERE / "boot.js"
LAUNCHER = HERE / "zap.sh"
COPY_GOAL = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
MAVEN_SECONDS = 900
# brotli4j's native code for the systems these tests do not run on: 3 MB of the add-on.
UNUSED = re.compile(r"native-(osx|windows)-")
CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Published:
    """One artifact by its exact coordinate."""

    group: str
    name: str
    version: str

    @property
    def jar(self) -> str:
        """File name of the artifact in a repository."""
        return f"{self.name}-{self.version}.jar"


CORE = (
    Published("org.zaproxy", "zap", ZAP_VERSION),
    Published("org.mozilla", "rhino-engine", "1.9.1"),
)
ADD_ONS = (
    Published("org.zaproxy.addon", "network", "0.25.0"),
    Published("org.zaproxy.addon", "commonlib", "1.40.0"),
    Published("org.zaproxy.addon", "spider", "0.6.0"),
    Published("org.zaproxy.addon", "automation", "0.60.0"),
)
# Core refuses to start without an add-on of the id callhome, and spider 0.6.0 asks for one called
# database; neither is published, and neither is used by what these tests do.
PLACEHOLDERS = ("callhome", "database")


class AssemblyError(Exception):
    """The daemon cannot be assembled; the message says what is missing and how to get it."""


def missing_programs() -> tuple[str, ...]:
    """Name the programs that assembling and running need and this machine lacks."""
    return tuple(name for name in ("java", "mvn") if shutil.which(name) is None)


def assemble(out: Path) -> Path:
    """Put a complete daemon into `out`, or leave it alone if it is complete already.

    Raises AssemblyError when java or mvn is missing, or a download is not what the lock says.
    """
    missing = missing_programs()
    if missing:
        raise AssemblyError(f"{' and '.join(missing)} not found on PATH; on Debian: apt-get install default-jre-headless maven")
    out.parent.mkdir(parents=True, exist_ok=True)
    with _only_one(out):
        if not is_complete(out):
            _build(out)
    return out


def is_complete(out: Path) -> bool:
    """Tell whether `out` holds every file that this script once put there, unchanged."""
    try:
        stamp = json.loads((out / STAMP).read_text("utf-8"))
        return bool(stamp == _stamp(out))
    except (OSError, ValueError):
        return False


def _build(out: Path) -> None:
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".zap-") as room:
        jars = Path(room) / "jars"
        _fetch(jars)
        _check(jars)
        made = Path(room) / "zap"
        _lay_out(jars, made)
        (made / STAMP).write_text(json.dumps(_stamp(made), indent=1), "utf-8")
        shutil.rmtree(out, ignore_errors=True)
        made.rename(out)


def _fetch(jars: Path) -> None:
    """Copy each artifact with its runtime dependencies to a folder of its own, in one Maven run."""
    modules = {"core": CORE} | {addon.name: (addon,) for addon in ADD_ONS}
    jars.mkdir()
    names = "".join(f"<module>{name}</module>" for name in modules)
    (jars / "pom.xml").write_text(_pom("all", f"<packaging>pom</packaging><modules>{names}</modules>"), "utf-8")
    for name, wanted in modules.items():
        (jars / name).mkdir()
        (jars / name / "pom.xml").write_text(_pom(name, _dependencies(wanted)), "utf-8")
    argv = ["mvn", "-B", "-q", COPY_GOAL, "-DincludeScope=runtime", "-DoutputDirectory=."]
    done = subprocess.run(argv, cwd=jars, capture_output=True, text=True, timeout=MAVEN_SECONDS, check=False)
    if done.returncode != 0:
        raise AssemblyError(f"mvn failed:\n{(done.stdout + done.stderr)[-2000:]}")


def _pom(name: str, body: str) -> str:
    return (
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
        f"<groupId>zap-daemon</groupId><artifactId>in-{name}</artifactId><version>1</version>"
        f"{body}</project>"
    )


def _dependencies(wanted: tuple[Published, ...]) -> str:
    one = "<dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version></dependency>"
    lines = (one.format(each.group, each.name, each.version) for each in wanted)
    return f"<dependencies>{''.join(lines)}</dependencies>"


def _check(jars: Path) -> None:
    """Compare every downloaded jar with the lock file beside this script."""
    found = {path.name: _sha256(path) for path in jars.rglob("*.jar")}
    lines = (line.split("  ") for line in LOCK.read_text("utf-8").splitlines())
    locked = {name: digest for digest, name in lines}
    wrong = sorted(name for name in found | locked if found.get(name) != locked.get(name))
    if wrong:
        raise AssemblyError(f"not what {LOCK.name} says: {', '.join(wrong)}")


def _lay_out(jars: Path, made: Path) -> None:
    lib = made / "lib"
    plugin = made / "plugin"
    lib.mkdir(parents=True)
    plugin.mkdir()
    for jar in (jars / "core").glob("*.jar"):
        shutil.copy(jar, made if jar.name == CORE[0].jar else lib)
    present = {_artifact(jar) for jar in lib.iterdir()}
    for addon in ADD_ONS:
        _pack(addon, jars / addon.name, present, plugin)
    for name in PLACEHOLDERS:
        with zipfile.ZipFile(plugin / f"{name}-0.0.1.zap", "w") as package:
            package.writestr("ZapAddOn.xml", _empty_manifest(name))
    shutil.copy(BOOT, made)
    shutil.copy(LAUNCHER, made)
    (made / LAUNCHER.name).chmod(0o755)


def _pack(addon: Published, folder: Path, present: set[str], plugin: Path) -> None:
    """Turn a published jar into an add-on that carries the jars it needs and core lacks."""
    needed = sorted(
        jar
        for jar in folder.glob("*.jar")
        if jar.name != addon.jar and _artifact(jar) not in present and not UNUSED.match(jar.name)
    )
    package = plugin / f"{addon.name}-{addon.version}.zap"
    with zipfile.ZipFile(folder / addon.jar) as jar, zipfile.ZipFile(package, "w") as zap:
        for entry in jar.infolist():
            content = jar.read(entry)
            if entry.filename == "ZapAddOn.xml":
                content = _with_libs(content.decode("utf-8"), needed).encode("utf-8")
            zap.writestr(entry.filename, content, zipfile.ZIP_DEFLATED)
        for lib in needed:
            zap.write(lib, f"libs/{lib.name}", zipfile.ZIP_STORED)


def _with_libs(manifest: str, needed: list[Path]) -> str:
    """List exactly the bundled jars; the published list of network leaves eleven of them out."""
    bare = re.sub(r"<libs>.*?</libs>", "", manifest, flags=re.DOTALL)
    libs = "".join(f"<lib>libs/{lib.name}</lib>" for lib in needed)
    return bare.replace("</zapaddon>", f"<libs>{libs}</libs></zapaddon>" if libs else "</zapaddon>")


def _empty_manifest(name: str) -> str:
    return (
        f"<zapaddon><name>{name} (placeholder)</name><version>0.0.1</version><status>alpha</status>"
        "<description>Holds nothing.</description><author>tests</author><url></url>"
        f"<changes></changes><not-before-version>{ZAP_VERSION}</not-before-version></zapaddon>"
    )


def _artifact(jar: Path) -> str:
    return re.split(r"-\d", jar.name, maxsplit=1)[0]


def _stamp(out: Path) -> dict[str, object]:
    files = sorted(path for path in out.rglob("*") if path.is_file() and path.name != STAMP)
    recipe = "".join(_sha256(path) for path in (Path(__file__), LOCK, BOOT, LAUNCHER))
    return {
        "recipe": hashlib.sha256(recipe.encode()).hexdigest(),
        "files": {path.relative_to(out).as_posix(): _sha256(path) for path in files},
    }


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


@contextmanager
def _only_one(out: Path) -> Iterator[None]:
    """Let one process at a time build the same folder."""
    with out.with_name(f".{out.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main(argv: list[str]) -> int:
    """Assemble into the folder named, print it, and return an exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("out", nargs="?", type=Path, default=DEFAULT_OUT)
    out: Path = parser.parse_args(argv).out
    try:
        print(assemble(out.resolve()))
    except AssemblyError as error:
        print(error, file=sys.stderr)
        return 1
    return os.EX_OK


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
