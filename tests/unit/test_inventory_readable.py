"""A file of the inventory that cannot be read as meant: one message with file and line, and what to type instead."""

from __future__ import annotations

import pytest
import yaml
from paths import ROOT

from plugins.plugin_utils.inventory.faults import files

SOUND = """livemon:
  hosts:
    monitor:
      ansible_host: 192.0.2.10
  vars:
    instruments:
      - model: 240
        id: ls240
        serial: LSA21OQ
        channels: {1: {label: 4K plate}}
    ocs_agents: []
"""
UNREADABLE = {
    "a tab": ("        serial", "\t  serial", 9, "there is a tab"),
    "a tab behind spaces": ("        serial", "  \tserial", 9, "replace each tab with spaces"),
    "indented too far": ("        serial", "         serial", 9, "is indented more deeply than line 8"),
    "not far enough": ("        serial", "       serial", 9, "indent it by 8 spaces"),
    "as far as the dash": ("        id", "      id", 8, "this line has no dash"),
    "a brace missing": ("plate}}", "plate}", 10, "the { here is not closed"),
    "a brace too many": ("plate}}", "plate}}}", 10, "there is one } too many"),
    "a bracket missing": ("[]", "[", 11, "ends within a [ or a {"),
    "a comma missing": ("plate}}", "plate} 2: {label: Still}}", 10, "or a comma is missing"),
    "a dash too late": ("- model: 240\n        id", "model: 240\n      - id", 8, "line 7 above it has none"),
    "no colon": ("serial: ", "serial ", 9, "a colon is missing"),
    "no space behind the colon": ("serial: ", "serial:", 9, "a space is missing after the colon"),
    "no space behind the dash": ("- model", "-model", 7, "a space is missing after the dash"),
    "a colon in a text": ("LSA21OQ", "Diodes: warm", 9, "must be in quotes"),
    "a colon in a text in braces": ("4K plate", "4K: plate", 10, "is not in quotes"),
    "a comment in braces": ("4K plate", "#4 plate", 10, "is not in quotes"),
    "a template": ("LSA21OQ", "{{ serial }}", 9, 'must be in quotes: "{{ ... }}"'),
    "a template and more": ("LSA21OQ", "{{ serial }}-1", 9, "put the whole value in quotes"),
    "a quote that is open": ("LSA21OQ", '"LSA21OQ', 9, "is not closed"),
    "a quote that ends early": ("LSA21OQ", "'LSA' 21OQ", 9, "put the whole value in quotes"),
    "an at sign": ("LSA21OQ", "@lab", 9, "starts with @ must be in quotes"),
    "an asterisk": ("LSA21OQ", "*all", 9, "starts with * must be in quotes"),
    "a backslash": ("LSA21OQ", r'"C:\data"', 9, "write the text in single quotes"),
    "a second document": ("    ocs_agents", "---\n    ocs_agents", 11, "leave the line out"),
    "marks of git": ("    ocs_agents", "<<<<<<< HEAD\n    ocs_agents", 11, "git could not merge"),
    "an unknown tag": ("LSA21OQ", "!volt x", 9, "!volt is unknown"),
    "a key that stands twice": (
        "    ocs_agents",
        "    instruments: []\n    ocs_agents",
        11,
        "duplicate of the key in line 6",
    ),
    "a list of hosts": ("    monitor:\n      ansible_host: 192.0.2.10", "    - monitor", 2, "without a dash: monitor:"),
    "a setting beside vars": ("    ocs_agents", "  ocs_agents", 11, "write it under vars"),
    "a setting beside the group": ("    ocs_agents", "ocs_agents", 11, "write it under livemon, vars"),
    "octal": ("LSA21OQ", "0123456", 9, 'is read as 42798; write "0123456" in quotes'),
    "octal as a key": ("{1:", "{010:", 10, 'is read as 8; write "010" in quotes'),
    "hexadecimal": ("LSA21OQ", "0x1F", 9, 'is read as 31; write "0x1F" in quotes'),
    "underscores": ("LSA21OQ", "1_000", 9, 'is read as 1000; write "1_000" in quotes'),
    "sixties": ("LSA21OQ", "12:30:00", 9, 'is read as 45000; write "12:30:00" in quotes'),
    "a time": (
        "LSA21OQ",
        "2026-12-01T10:00:00Z",
        9,
        'is read as 2026-12-01 10:00:00+00:00; write "2026-12-01T10:00:00Z" in quotes',
    ),
    "an impossible date": ("LSA21OQ", "2026-02-31", 9, 'is read as an impossible date; write "2026-02-31" in quotes'),
    "octal among arguments": ("[]", "[{arguments: [[--port, 0123]]}]", 11, 'is read as 83; write "0123" in quotes'),
    "sixties among arguments": (
        "[]",
        "[{arguments: [[--at, 12:30:00]]}]",
        11,
        'is read as 45000; write "12:30:00" in quotes',
    ),
    "sixties of a limit": ("label: 4K plate", "alarm_above_K: 1:30", 10, "is read as 90"),
}


def written(directory, text):
    (directory / "hosts.yml").write_text(text, encoding="utf-8")
    return directory / "hosts.yml"


@pytest.mark.parametrize(("old", "new", "line", "said"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_mistake_in_yaml_is_told_once_with_its_line(tmp_path, old, new, line, said):
    """Ansible's three readers told it three times, with a complaint about host patterns at the end."""
    assert SOUND.count(old) == 1
    path = written(tmp_path, SOUND.replace(old, new))
    (fault,) = files.faults(path)
    assert fault.startswith(f"{path}, line {line}: ")
    assert said in fault


def test_the_line_is_shown_with_its_tab(tmp_path):
    (fault,) = files.faults(written(tmp_path, SOUND.replace("        serial", "\t  serial")))
    assert fault.splitlines()[1:] == ["         8 |         id: ls240", "         9 | →  serial: LSA21OQ"]


@pytest.mark.parametrize("text", [SOUND, SOUND.replace("serial: ", "serial:\t"), SOUND.replace("LSA21OQ", '"0123456"')])
def test_what_ansible_reads_as_meant_is_left_to_it(tmp_path, text):
    assert files.faults(written(tmp_path, text)) == []


@pytest.mark.parametrize("inventory", ["example", "demo"])
def test_our_own_inventories_can_be_read(inventory):
    assert files.faults(ROOT / "inventory" / inventory / "hosts.yml") == []


def test_numbers_of_variables_that_are_not_ours_are_left_alone(tmp_path):
    assert files.faults(written(tmp_path, SOUND + "    my_mode: 0644\n")) == []


@pytest.mark.parametrize("number", ["5", "5.0", "-1", "0", ".5", "1.0e-3", "0.08"])
def test_usual_numbers_need_no_quotes(tmp_path, number):
    assert files.faults(written(tmp_path, SOUND.replace("label: 4K plate", f"alarm_above_K: {number}"))) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "this file is empty"),
        ("# only this\n", "this file is empty"),
        ("livemon\n", "this is text"),
        ("- livemon\n", "this is a list"),
        ("livemon: [monitor]\n", "livemon: this is a list; write hosts: and vars: under it"),
        ("all:\n  children:\n    livemon:\n      vars: []\n", "line 4: vars: this is a list"),
    ],
)
def test_a_file_that_is_not_an_inventory(tmp_path, text, said):
    (fault,) = files.faults(written(tmp_path, text))
    assert said in fault


def test_variables_beside_the_inventory_are_looked_at_too(tmp_path):
    path = written(tmp_path, SOUND)
    (tmp_path / "group_vars/livemon").mkdir(parents=True)
    (tmp_path / "group_vars/livemon/notifications.yml").write_text("notifications:\n\tdefault: on-call\n")
    (tmp_path / "group_vars/livemon/vault.yml").write_text("$ANSIBLE_VAULT;1.1;AES256\n3132\n")
    (tmp_path / "host_vars").mkdir()
    (tmp_path / "host_vars/monitor.yml").write_text("smtp: {password: !vault |\n  x}\n")
    found = files.faults(path)
    assert [fault.partition(":")[0] for fault in found] == [
        f"{tmp_path}/group_vars/livemon/notifications.yml, line 2",
        f"{tmp_path}/host_vars/monitor.yml, line 1",
    ]


def test_what_is_not_yaml_is_left_to_others(tmp_path):
    (tmp_path / "hosts").write_text("[livemon]\nmonitor\n")
    assert files.faults(tmp_path / "hosts") == []
    written(tmp_path, "plugin: amazon.aws.aws_ec2\nregions: [eu-west-1]\n")
    assert files.faults(tmp_path / "hosts.yml") == []
    written(tmp_path, "$ANSIBLE_VAULT;1.1;AES256\n6233\n")
    assert files.faults(tmp_path / "hosts.yml") == []
    assert files.faults(tmp_path / "missing.yml") == []


def test_what_is_not_utf_8_is_told(tmp_path):
    (tmp_path / "hosts.yml").write_bytes(SOUND.replace("4K plate", "K\xe4lte").encode("latin-1"))
    (fault,) = files.faults(tmp_path / "hosts.yml")
    assert "is not UTF-8; save the file as UTF-8" in fault


def test_every_mistake_of_a_character_is_explained_with_a_line_of_the_file(tmp_path):
    """Whatever is deleted or put in: it is read, or told in our words with a line that the file has."""
    told = 0
    for position in range(0, len(SOUND), 3):
        for put in ("", "\t", "{", "]", ":", "'", "-"):
            text = SOUND[:position] + put + SOUND[position + (not put) :]
            for fault in files.faults(written(tmp_path, text)):
                line = fault.removeprefix(f"{tmp_path}/hosts.yml, line ").partition(":")[0]
                assert 1 <= int(line) <= 12, fault
                assert "YAML says" not in fault, fault
                told += 1
    assert told > 100


def test_templates_that_refer_to_a_variable_are_found(tmp_path):
    path = written(
        tmp_path, SOUND.replace("LSA21OQ", '"{{ vault_a }}"').replace("4K plate", '"{{ vault_ab }} {{ my.vault_a }}"')
    )
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars/all.yml").write_text("x: 1\nsmtp:\n  password: {secret: '{{ (vault_a) }}'}\n")
    assert files.places(path, "vault_a") == [f"{path}, line 9", f"{tmp_path}/group_vars/all.yml, line 3"]


def test_pyyaml_words_its_complaints_as_we_know_them():
    """The explanations are found by them; another release may word them otherwise."""
    with pytest.raises(yaml.YAMLError, match="mapping values are not allowed here"):
        yaml.compose("a: b: c", Loader=yaml.SafeLoader)
