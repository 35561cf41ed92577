"""``livemon archive``: damaged files of the archive."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from livemon.hkarchive.repair import Examined

_files = click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))


@click.group()
def command() -> None:
    """Find damaged files of the archive, and repair them.

    FILE is a .g3 file, or a directory: all .g3 files below it.
    """


@command.command()
@_files
def check(files: tuple[Path, ...]) -> None:
    """Say which FILEs are damaged, and what is missing.

    Tells where in the file the damage is, and of what time samples may be missing.

    Exit status 0 when all are whole, 1 when one is damaged or cannot be read.
    """
    well = True
    for examined in _examined(files):
        if examined is None or not examined.whole:
            well = False
        if examined is not None:
            click.echo(examined)
    sys.exit(0 if well else 1)


@command.command()
@_files
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIRECTORY",
    help="Where the copies go, laid out like the archive. Default: the directory `repaired` in the archive of each FILE.",
)
def repair(files: tuple[Path, ...], output: Path | None) -> None:
    """Copy what is whole of each damaged FILE, for so3g to read.

    FILEs are never changed, no copy is made of one that is whole, and a copy that exists is not overwritten. Exit status 0
    when every FILE is whole or has been copied, 1 when one could not be read or copied.
    """
    from livemon.errors import ArchiveError  # noqa: PLC0415 - only the command that is called pays for its imports
    from livemon.hkarchive import repair as repairing  # noqa: PLC0415

    well = True
    for examined in _examined(files):
        if examined is None:
            well = False
            continue
        click.echo(examined)
        if examined.whole:
            continue
        copy = repairing.copy_of(examined.path, output)
        try:
            repairing.repair(examined.path, copy)
        except ArchiveError as error:
            _complain(error)
            well = False
        else:
            click.echo(f"{examined.path}: its {examined.frames} whole frames are in {copy}")
    sys.exit(0 if well else 1)


def _examined(paths: tuple[Path, ...]) -> Iterator[Examined | None]:
    """Yield what each file has, `None` for one that cannot be read, which is told; on a terminal, how far it is."""
    from livemon.errors import ArchiveError  # noqa: PLC0415
    from livemon.hkarchive.frames import quiet  # noqa: PLC0415
    from livemon.hkarchive.repair import examine, files_of  # noqa: PLC0415

    files: list[Path] = []
    for path in paths:
        try:
            files += files_of(path)
        except ArchiveError as error:
            _complain(error)
            yield None
    for number, path in enumerate(files, 1):
        _show_progress(f"{number}/{len(files)} {path}")
        try:
            with quiet():
                examined = examine(path)
        except ArchiveError as error:
            _show_progress("")
            _complain(error)
            yield None
        else:
            _show_progress("")
            yield examined


def _show_progress(text: str) -> None:
    """Replace the last line of a terminal, which an empty text leaves free."""
    if sys.stderr.isatty():
        click.echo(f"\r\033[K{text}", nl=False, err=True)


def _complain(error: Exception) -> None:
    click.echo(f"livemon: {error}", err=True)
