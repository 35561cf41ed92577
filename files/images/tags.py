#!/usr/bin/env python3
"""Print the tags of livemon's images, derived from the content of the files that they are made of.

Equal files give equal tags, on the controller and on the host: an image whose tag is there need not be built, one whose
tag is missing must be. Certificates, package indexes and mirrors leave no trace in the images and do not count.

``tags.py [--base auto|apt|REF]`` prints ``{"base": "livemon/base:<12 hex digits>", "router": ..., "app": ...}``;
``tags.py --files IMAGE`` prints the files of that image, its build context, one a line, relative to the project's root;
``tags.py --archive FILE`` packs all that build.sh needs on another machine into a tar archive.

Standard library of Python 3.6 and newer: it also runs on the monitor.
"""

import argparse
import hashlib
import json
import tarfile
from pathlib import Path
from typing import Dict, List, Set

ROOT = Path(__file__).resolve().parents[2]
BUILDER = "files/images"
"""What builds the images, besides what they are made of."""
CONTENT = {
    "base": ["files/images/base"],
    "router": [
        "files/images/router",
        "files/images/bytecode.py",
        "files/crossbar",
        "requirements/router.txt",
        "src/livemon/__init__.py",
        "src/livemon/webguard.py",
    ],
    "app": [
        "files/images/app",
        "files/images/bytecode.py",
        "requirements/app.txt",
        "requirements/build.txt",
        "pyproject.toml",
        "src",
    ],
}
# Made by running or building the project, so they differ from machine to machine.
GENERATED_DIRECTORIES = {"__pycache__", "vendor"}
GENERATED_SUFFIXES = {".egg-info", ".pyc", ".cache"}


def is_source(path: Path) -> bool:
    """Whether a path, relative to the root, is a source file and not generated."""
    generated = GENERATED_DIRECTORIES.intersection(path.parts)
    return not generated and not any(Path(part).suffix in GENERATED_SUFFIXES for part in path.parts)


def sources(names: List[str]) -> List[Path]:
    """Return the source files of files and directories: paths relative to the root, sorted. A missing one ends the program."""
    found: Set[Path] = set()
    for name in names:
        place = ROOT / name
        if not place.exists():
            raise SystemExit(f"tags.py: {place} is missing: images are made of it")
        candidates = place.rglob("*") if place.is_dir() else [place]
        found.update(path.relative_to(ROOT) for path in candidates if path.is_file())
    return sorted((path for path in found if is_source(path)), key=lambda path: path.as_posix())


def files_of(image: str) -> List[Path]:
    """Return the files that an image is made of: paths relative to the root, sorted."""
    return sources(CONTENT[image])


def pack(archive: Path) -> None:
    """Write a tar archive, compressed by gzip, with the build context of all images and what builds them."""
    with tarfile.open(str(archive), "w:gz") as packed:
        for path in sources([BUILDER, *(name for names in CONTENT.values() for name in names)]):
            packed.add(str(ROOT / path), arcname=path.as_posix())


def tag_of(image: str, foundation: str) -> str:
    """Return the tag of an image from what it stands on (the base image's tag or origin) and its files."""
    digest = hashlib.sha256(foundation.encode())
    for path in files_of(image):
        content = hashlib.sha256((ROOT / path).read_bytes()).hexdigest()
        digest.update(f"\n{path.as_posix()} {content}".encode())
    return f"livemon/{image}:{digest.hexdigest()[:12]}"


def tags(base: str) -> Dict[str, str]:
    """Return the tag of each image, given the origin of the base image (`auto`, `apt` or a reference)."""
    base_tag = tag_of("base", base)
    return {"base": base_tag, "router": tag_of("router", base_tag), "app": tag_of("app", base_tag)}


def main() -> None:
    """Print what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default="auto", help="where the base image comes from (default: auto)")
    parser.add_argument("--files", choices=sorted(CONTENT), metavar="IMAGE", help="list an image's files instead")
    parser.add_argument("--archive", type=Path, metavar="FILE", help="write an archive of what build.sh needs instead")
    arguments = parser.parse_args()
    if arguments.archive:
        pack(arguments.archive)
    elif arguments.files:
        print("\n".join(map(str, files_of(arguments.files))))
    else:
        print(json.dumps(tags(arguments.base)))


if __name__ == "__main__":
    main()
