"""Which operations want the secret, and what the rules that follow from it let in."""

from types import SimpleNamespace

import pytest
from ocs.access import AgentAccessRules, AgentSpec, CredLevel, agent_get_creds

from livemon.agents.access_policy import AccessPolicy


@pytest.mark.parametrize(
    ("operation", "opened", "level"),
    [
        ("set_heater_range", (), CredLevel.FULL),
        ("acq", (), CredLevel.FULL),
        ("getaway", (), CredLevel.FULL),
        ("get_dwell", (), CredLevel.BASIC),
        ("acq", ("acq",), CredLevel.BASIC),
        ("acq_fast", ("acq",), CredLevel.FULL),
        ("set_pid", ("acq", "set_*"), CredLevel.BASIC),
        ("Set_pid", ("set_*",), CredLevel.FULL),
    ],
)
def test_what_an_operation_wants(operation, opened, level):
    assert AccessPolicy(open_operations=opened).level(operation) == level


@pytest.mark.parametrize(
    ("password", "level"),
    [("right", 3), ("", 1), ("wrong", 1), ("righ", 1), (["right"], 1), ({}, 1), (None, 4)],
)
def test_what_a_password_gives(tmp_path, password, level):
    """None is what the agent's own code gives, and no caller can: the agent makes an empty one of it."""
    (tmp_path / "control").write_text("right\n")
    about = AgentSpec("x", "X")
    rules = AgentAccessRules("livemon", agent=about)
    rules.rules = AccessPolicy(tmp_path / "control").rules()
    assert agent_get_creds(password, rules, about, SimpleNamespace()) == (level, "")


def test_without_a_secret_no_password_opens():
    about = AgentSpec("x", "X")
    rules = AgentAccessRules("livemon", agent=about)
    rules.rules = AccessPolicy().rules()
    assert agent_get_creds("", rules, about)[0] == agent_get_creds("None", rules, about)[0] == CredLevel.BASIC


@pytest.mark.parametrize("content", [None, "", " \n"])
def test_a_secret_that_cannot_be_read_is_an_error_and_not_an_empty_password(tmp_path, content):
    file = tmp_path / "control"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ValueError, match=r"no such file|the file is empty"):
        AccessPolicy(file).rules()
