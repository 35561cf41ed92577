"""``livemon archive``: damaged files are reported, and copied without the damage."""

import hashlib

import pytest
from click.testing import CliRunner
from hk_recording import FIELD, START, Clock, publish
from so3g_referee import so3g_load

from livemon.commands.archive import command
from livemon.hkarchive import Recorder, load
from livemon.hkarchive.damage import Frames

END = START + 1000


def run(*arguments):
    return CliRunner().invoke(command, list(map(str, arguments)))


@pytest.fixture
def archive(tmp_path):
    """Three files; the second has a damaged frame, and beside them lies what is not one of them."""
    directory, clock = tmp_path / "hk", Clock()
    directory.mkdir()
    recorder = Recorder(directory, seconds_per_file=20.0, seconds_per_frame=5.0, clock=clock)
    publish(recorder, clock, seconds=72)
    recorder.close()
    paths = sorted(directory.rglob("*.g3"))
    assert len(paths) == 3
    content = bytearray(paths[1].read_bytes())
    damaged = list(Frames(bytes(content)))[4]
    content[damaged.end - 3] ^= 8
    paths[1].write_bytes(content)
    (directory / "notes.txt").write_text("not an archive")
    return paths


def frames_in(path):
    return len(list(Frames(path.read_bytes())))


def digests(paths):
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]


def test_check_says_which_file_is_damaged_and_of_what_time_samples_are_missing(archive, capfd):
    directory = archive[0].parents[1]
    answer = run("check", directory)
    assert answer.exit_code == 1
    damaged, summary = answer.stdout.splitlines()
    assert damaged.startswith(f"{archive[1]}: ")
    assert "are damaged; samples recorded between 2023-11-14 22:13:" in damaged
    assert summary == "2 of 3 files are whole"
    assert answer.stderr == ""
    assert capfd.readouterr() == ("", "")  # spt3g itself prints, too
    assert run("check", archive[0], archive[2]).exit_code == 0
    one = run("check", archive[0])
    assert (one.exit_code, one.stdout) == (0, f"{archive[0]}: whole, {frames_in(archive[0])} frames\n")


def test_repair_makes_a_copy_that_so3g_reads_and_leaves_the_original(archive, capfd):
    before, directory = digests(archive), archive[0].parents[1]
    answer = run("repair", *archive)
    assert capfd.readouterr() == ("", "")
    assert answer.exit_code == 0, answer.output
    copy = directory / "repaired" / archive[1].parent.name / archive[1].name
    assert f"whole frames are in {copy}" in answer.stdout
    assert [path for path in directory.rglob("*.g3") if path not in archive] == [copy]
    assert digests(archive) == before
    times, values = load([FIELD], START, END, directory / "repaired")[FIELD]
    theirs = so3g_load([FIELD], START, END, directory / "repaired")[FIELD]
    assert theirs[0] == pytest.approx(times.tolist(), abs=1e-6)
    assert [float(value) for value in theirs[1]] == values.tolist()
    assert times.size > 12
    assert run("check", copy).exit_code == 0


def test_a_copy_that_exists_is_not_overwritten(archive, tmp_path):
    output = tmp_path / "copies"
    assert run("repair", "-o", output, archive[1]).exit_code == 0
    (copy,) = output.rglob("*.g3")
    copy.write_bytes(b"mine")
    answer = run("repair", "--output", output, archive[1])
    assert answer.exit_code == 1
    assert answer.stderr == f"livemon: {copy} exists already: remove it, or choose another directory with --output\n"
    assert copy.read_bytes() == b"mine"


def test_one_file_that_cannot_be_read_does_not_keep_the_others_from_being_repaired(archive, tmp_path):
    foreign, empty = tmp_path / "foreign.g3", tmp_path / "17000" / "1.g3"
    foreign.write_bytes(b"PK\3\4" * 1000)
    empty.parent.mkdir()
    empty.touch()
    (tmp_path / "nothing").mkdir()
    notes = archive[0].parents[1] / "notes.txt"
    missing = tmp_path / "missing.g3"
    answer = run("repair", notes, tmp_path / "nothing", missing, foreign, empty, archive[1])
    assert answer.exit_code == 1
    assert answer.stderr.splitlines() == [
        f"livemon: {notes} is not a .g3 file: give one like 17000/1700000006.g3, or a directory of them",
        f"livemon: {tmp_path / 'nothing'} has no .g3 file in it",
        f"livemon: {missing} cannot be read: No such file or directory",
        f"livemon: {foreign} has no whole frame of a house-keeping archive: nothing of it can be kept",
        f"livemon: {empty} has no whole frame of a house-keeping archive: nothing of it can be kept",
    ]
    assert "whole frames are in" in answer.stdout
    assert foreign.read_bytes() == b"PK\3\4" * 1000


def test_a_directory_that_cannot_be_written_is_named(archive, tmp_path):
    (tmp_path / "file").touch()
    answer = run("repair", "-o", tmp_path / "file" / "below", archive[1])
    assert answer.exit_code == 1
    assert "cannot be written: Not a directory; choose another directory with --output" in answer.stderr


def test_what_a_killed_recorder_left_can_be_copied_for_so3g(archive, tmp_path):
    part = tmp_path / "left" / "17000" / "1700000006.g3.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(archive[0].read_bytes()[:-9])
    assert run("repair", part).exit_code == 0
    copy = tmp_path / "left" / "repaired" / "17000" / "1700000006.g3"
    assert list(Frames(copy.read_bytes()))[-1].end == copy.stat().st_size


@pytest.mark.parametrize("arguments", [["--help"], ["check", "--help"], ["repair", "--help"]])
def test_help_says_what_a_file_is_and_what_the_exit_status_tells(arguments):
    answer = run(*arguments)
    assert answer.exit_code == 0
    assert "FILE" in answer.output
    assert "Exit status 0" in answer.output or arguments == ["--help"]
