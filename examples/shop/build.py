"""Writes one of the two builds of the example shop: `python build.py vulnerable OUT`.

A build is what both have in common (`common/`) with one variant's own files laid into it.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

HERE = Path(__file__).parent
COMMON = HERE / "common"
VARIANTS = HERE / "variants"
LEFT_OUT = shutil.ignore_patterns("__pycache__", ".*")


def build(variant: str, out: Path) -> None:
    """Writes the build named `variant` into the new or empty folder `out`.

    Raises FileExistsError when `out` holds anything or a variant would cover a common file.
    """
    own = VARIANTS / variant
    if out.exists() and any(out.iterdir()):
        raise FileExistsError(f"{out} is not empty")
    covered = files(own) & files(COMMON)
    if covered:
        raise FileExistsError(f"both common and {variant} hold {', '.join(sorted(covered))}")
    for part in (COMMON, own):
        shutil.copytree(part, out, ignore=LEFT_OUT, dirs_exist_ok=True)


def files(folder: Path) -> set[str]:
    """The paths of the source files below `folder`, relative to it."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {path.as_posix() for path in found if "__pycache__" not in path.parts}


def main() -> None:
    """Reads the command line and writes the build; exits 2 when it can't."""
    parser = argparse.ArgumentParser(description="Writes one build of the example shop.")
    parser.add_argument("variant", choices=sorted(path.name for path in VARIANTS.iterdir()))
    parser.add_argument("out", type=Path, help="a new or an empty folder")
    arguments = parser.parse_args()
    try:
        build(arguments.variant, arguments.out)
    except (FileExistsError, NotADirectoryError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
