"""``livemon archive``: damaged files of the archive."""

from __future__ import annotations

import sys
from collections.abc import Callable
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
    """Report which FILEs are damaged, and what is missing.

    Prints where in the file the damage is, and of what time samples may be missing.

    Exit status 0 if all are whole, 1 if one is damaged or cannot be read.
    """
    _examine_each(files, lambda _: False)


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
    """Copy the whole frames of each damaged FILE, for so3g to read.

    FILEs are never changed, a whole one is not copied, and an existing copy is not overwritten. Exit status 0
    if every FILE is whole or has been copied, 1 if one could not be read or copied.
    """
    from livemon.hkarchive.repair import copy_of, write_copy

    def copied(examined: Examined) -> bool:
        copy = copy_of(examined.path, output)
        write_copy(examined.path, copy)
        click.echo(f"{examined.path}: its {examined.frames} whole frames are in {copy}")
        return True

    _examine_each(files, copied)


def _examine_each(paths: tuple[Path, ...], treat: Callable[[Examined], bool]) -> None:
    """Report which files are damaged, treat those, and exit with status 1 unless all of that succeeded."""
    from livemon.errors import ArchiveError
    from livemon.hkarchive.repair import examine

    files, ok = _files_of(paths)
    whole = 0
    for number, path in enumerate(files, 1):
        _show_progress(f"{number} of {len(files)}: {path}")
        try:
            examined = examine(path)
            _show_progress("")
            if examined.whole:
                whole += 1
            if not examined.whole or len(files) == 1:
                click.echo(examined)
            ok &= examined.whole or treat(examined)
        except ArchiveError as error:
            _show_progress("")
            click.echo(f"livemon: {error}", err=True)
            ok = False
    if len(files) > 1:
        click.echo(f"{whole} of {len(files)} files are whole")
    sys.exit(0 if ok else 1)


def _files_of(paths: tuple[Path, ...]) -> tuple[list[Path], bool]:
    """Return the files that the paths stand for, and whether each path stands for at least one."""
    from livemon.errors import ArchiveError
    from livemon.hkarchive.repair import files_of

    files: list[Path] = []
    ok = True
    for path in paths:
        try:
            files += files_of(path)
        except ArchiveError as error:
            click.echo(f"livemon: {error}", err=True)
            ok = False
    return files, ok


def _show_progress(text: str) -> None:
    """Replace the last line of the terminal; an empty text clears it."""
    if sys.stderr.isatty():
        click.echo(f"\r\033[K{text}", nl=False, err=True)
