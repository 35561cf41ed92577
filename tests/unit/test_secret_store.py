"""Secrets: made once, copied to their readers, shown to nobody."""

import os
import stat

import pytest
from click.testing import CliRunner

from livemon.commands.secrets import command
from livemon.errors import ConfigError
from livemon.installation.secret_store import Copy, ensure

UID = os.getuid()


def test_every_reader_has_the_same_secret_and_a_second_run_makes_nothing(tmp_path):
    copies = [Copy("hub", "crossbar", UID), Copy("hub", "hub", UID), Copy("node", "crossbar", UID)]
    assert len(list(ensure(tmp_path, copies))) == 5
    assert list(ensure(tmp_path, copies)) == []
    secret = (tmp_path / "crossbar/hub").read_text()
    assert len(secret) >= 40
    assert (tmp_path / "hub/hub").read_text() == secret
    assert (tmp_path / "crossbar/node").read_text() != secret
    assert stat.S_IMODE((tmp_path / "hub/hub").stat().st_mode) == 0o400
    assert stat.S_IMODE((tmp_path / "master").stat().st_mode) == 0o700


def test_a_replaced_master_reaches_its_readers(tmp_path):
    copies = [Copy("hub", "hub", UID)]
    list(ensure(tmp_path, copies))
    (tmp_path / "master/hub").unlink()
    (tmp_path / "master/hub").write_text("rotated")
    assert len(list(ensure(tmp_path, copies))) == 1
    assert (tmp_path / "hub/hub").read_text() == "rotated"


def test_a_secret_that_is_rotated_is_another_one_for_all_its_readers_and_the_others_stay(tmp_path):
    copies = [Copy(name, reader, UID) for name in ("hub", "node") for reader in ("crossbar", "own")]
    list(ensure(tmp_path, copies))
    before = {copy: (tmp_path / copy.reader / copy.name).read_text() for copy in copies}
    assert len(list(ensure(tmp_path, copies, rotate=["hub"]))) == 3
    after = {copy: (tmp_path / copy.reader / copy.name).read_text() for copy in copies}
    assert {copy.name for copy in copies if before[copy] != after[copy]} == {"hub"}
    assert after[copies[0]] == after[copies[1]]


def test_the_command_prints_no_secret(tmp_path):
    result = CliRunner().invoke(command, ["--dir", str(tmp_path), "--copy", f"hub:hub:{UID}"])
    assert result.exit_code == 0
    assert "made the secret hub" in result.output
    assert (tmp_path / "hub/hub").read_text() not in result.output


@pytest.mark.parametrize("text", ["hub", "hub:hub", "hub:hub:root", "../x:hub:1", "hub:master:1", "hub::1"])
def test_a_malformed_copy_says_what_to_write(text):
    with pytest.raises(ConfigError, match="NAME:READER:UID"):
        Copy.parse(text)
