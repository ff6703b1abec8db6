"""What Semgrep is told to read: files as they are, and copies of those that it would pass over in silence."""

from __future__ import annotations

import codecs
import io
import re
import tokenize
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sdlc.inventory import Inventory
from sdlc.model import Missing
from sdlc_gates._semgrep.languages import Languages

# Media, archives, compiled code and databases: no rule reads them.
NOT_TEXT = frozenset(
    {
        *(".png", ".jpg", ".jpeg", ".gif", ".bmp", ".ico", ".icns", ".webp", ".avif", ".tif", ".tiff", ".psd", ".xcf"),
        *(".mp3", ".mp4", ".m4a", ".m4v", ".wav", ".ogg", ".oga", ".ogv", ".webm", ".mov", ".avi", ".mkv", ".flac"),
        *(".woff", ".woff2", ".ttf", ".otf", ".eot", ".pdf", ".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp"),
        *(".zip", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".7z", ".rar", ".tar", ".whl", ".egg", ".jar", ".war", ".deb", ".rpm"),
        *(".pyc", ".pyo", ".so", ".dylib", ".dll", ".exe", ".o", ".a", ".lib", ".class", ".wasm", ".mo", ".bin"),
        *(".db", ".sqlite", ".sqlite3", ".npy", ".npz", ".parquet", ".pkl", ".pickle", ".pt", ".onnx", ".h5"),
    }
)
PYTHON_ENDINGS = (".py", ".pyi")
PLAIN = frozenset({"utf-8", "utf-8-sig", "iso-8859-1"})
QUADRATIC = frozenset({"punycode", "idna"})
"""Encodings that a stranger's file could hold us up with."""
_SHEBANG = re.compile(rb"#![^\n]*\bpython[\d.]*\b")
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MARKER = re.compile(rb"nosem", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Target:
    """A file of the project, and what Semgrep is given for it."""

    path: str
    """Relative to the project."""
    given: Path
    languages: frozenset[str]
    """Ids of those that the given name is read in."""
    marked: bool
    """Whether `nosem` stands in it."""
    copied: bool
    """Whether Semgrep is given a copy, because it would pass over the file itself and not say so."""


def prepared(
    files: Inventory, spoken: Languages, wanted: frozenset[str], scratch: Path
) -> tuple[tuple[Target, ...], tuple[Missing, ...]]:
    """A target for each file that is read in one of the languages `wanted`, and the files that can't be read."""
    found, missing = [], []
    for number, path in enumerate(files.files):
        try:
            target = _target(files.root / path, path, spoken, scratch / "stand-ins" / str(number))
        except OSError as error:
            missing.append(Missing(item=path, reason=f"can't be read: {error.strerror}"))
            continue
        if target.languages & wanted:
            found.append(target)
    return tuple(found), tuple(missing)


def _target(original: Path, path: str, spoken: Languages, place: Path) -> Target:
    content = original.read_bytes()
    ending = "" if path.endswith(PYTHON_ENDINGS) or not _is_python(path, content) else ".py"
    copied = _copied(path, content, ending, place)
    return Target(
        path=path,
        given=copied or original,
        languages=spoken.of(path + ending),
        marked=_MARKER.search(content) is not None,
        copied=copied is not None,
    )


def _is_python(path: str, content: bytes) -> bool:
    return path.lower().endswith((".py", ".pyw")) or _SHEBANG.match(content[:256]) is not None


def _copied(path: str, content: bytes, ending: str, place: Path) -> Path | None:
    """A copy where Semgrep would not look into the file and not say so; else None.

    Its regular expressions find nothing in a file that isn't UTF-8, and its parser isn't asked for Python that isn't called
    `.py` (unless executable).
    """
    text = _as_utf8(content, python=bool(ending) or path.endswith(PYTHON_ENDINGS))
    if text is content and not ending:
        return None
    copy = place / (path + ending)
    copy.parent.mkdir(parents=True)
    copy.write_bytes(text)
    return copy


def _as_utf8(content: bytes, *, python: bool) -> bytes:
    """The very content if it is UTF-8; else the same lines in UTF-8, decoded in a way that never fails.

    Python goes by the encoding that its file declares, and in some of them (`utf-7`, `raw_unicode_escape`, `shift_jis`) code
    can be written that is none to whoever takes the bytes for ASCII.
    """
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return content.decode(encoding, "replace").encode("utf-8", "replace")
    if python and (text := _as_python_reads(content)):
        return content if text == content else text
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1").encode()
    return content


def _as_python_reads(content: bytes) -> bytes:
    """The content, in UTF-8, of a file that declares another encoding; empty where it declares none, or a wrong one."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        if encoding in QUADRATIC:
            raise OSError(0, f"it declares the encoding {encoding}")
        return b"" if encoding in PLAIN else content.decode(encoding).encode("utf-8", "replace")
    except (SyntaxError, UnicodeError, LookupError):
        return b""


def marked(files: Inventory, targets: Sequence[Target]) -> Inventory:
    """The part of the inventory that holds comments meant for Semgrep."""
    held = {target.path for target in targets if target.marked}
    return files.select(lambda path: path in held)


def is_text_by_name(path: str) -> bool:
    """Whether nothing in the name says that it is media, an archive, compiled code or a database."""
    return PurePosixPath(path).suffix.lower() not in NOT_TEXT
