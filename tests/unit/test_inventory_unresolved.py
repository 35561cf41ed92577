"""Variables that are not defined and values that cannot be decrypted: one sentence each, as for every other mistake."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from plugins.filter import inventory as filters

SECRETS = {"slack": "{{ vault_slack_url }}"}
INVENTORY = """livemon:
  vars:
    instruments: []
    notification_secrets:
      slack: "{{ vault_slack_url }}"
"""
NOT_DEFINED = (
    "notification_secrets: the variable vault_slack_url is not defined ({file}, line 5); define it in a file beside the inventory, "
    "for example group_vars/livemon/vault.yml, or pass it with -e"
)
TOLD = {"contact_points": [{"name": "on-call", "slack": {"secret": "slack"}}]}


class Unsafe(str):
    """A text that the inventory marks with ``!unsafe``, as ansible-core 2.16 has it."""

    __UNSAFE__ = True


class Lazy(Mapping):
    """Host variables of the newest Ansible: looking at one that cannot be made raises."""

    def __init__(self, values: dict, errors: dict) -> None:
        self._values, self._errors = values, errors

    def __getitem__(self, key):
        if key in self._errors:
            raise self._errors[key]
        return self._values[key]

    def __iter__(self):
        return iter({**self._values, **self._errors})

    def __len__(self):
        return len(self._values) + len(self._errors)


@pytest.fixture
def variables(tmp_path):
    (tmp_path / "hosts.yml").write_text(INVENTORY)
    return {"inventory_file": str(tmp_path / "hosts.yml"), "instruments": [], "notifications": TOLD}


def faults(variables: Mapping) -> list[str]:
    return filters.inventory_faults(["monitor"], {"monitor": variables}, ["wiring"])


def test_a_variable_that_is_not_defined_is_told_with_its_line(variables):
    """The newest Ansible told it as four nested errors, with ours nowhere."""
    error = RuntimeError("Error rendering template: 'vault_slack_url' is undefined")
    expected = [NOT_DEFINED.format(file=variables["inventory_file"])]
    assert faults(Lazy(variables, {"notification_secrets": error})) == expected


def test_a_template_that_is_left_as_it_stands_is_told_too(variables):
    """ansible-core 2.16 did not say a word: the template itself would have been the secret."""
    expected = [NOT_DEFINED.format(file=variables["inventory_file"])]
    assert faults(variables | {"notification_secrets": SECRETS}) == expected


def test_other_faults_are_told_beside_it(variables):
    found = faults(variables | {"notification_secrets": SECRETS, "grafana_port": 5000})
    assert [each.partition(":")[0] for each in found] == ["notification_secrets", "grafana_port"]


@pytest.mark.parametrize(
    "value",
    [{"slack": Unsafe("{{ vault_slack_url }}")}, {"slack": "{{ .Labels.x }}"}, {"slack": "{{ inventory_file }}"}],
)
def test_what_is_no_template_of_ansible_s_is_left_alone(variables, value):
    assert faults(variables | {"notification_secrets": value}) == []


@pytest.mark.parametrize(
    "said",
    [
        "Attempt to use undecryptable variable: Attempting to decrypt but no vault secrets found.",
        "Decryption failed (no vault secrets were found that could decrypt)",
    ],
)
def test_a_value_that_cannot_be_decrypted_says_what_to_add(variables, said):
    (fault,) = faults(Lazy(variables, {"notification_secrets": RuntimeError(said)}))
    assert fault.startswith(
        "notification_secrets: a value is encrypted by Ansible Vault and cannot be decrypted; add --ask-vault-pass"
    )


def test_what_else_ansible_cannot_make_is_told_in_its_words(variables):
    (fault,) = faults(Lazy(variables | {"notifications": None}, {"smtp": RuntimeError("No filter named 'b46decode'")}))
    assert fault == "smtp: Ansible cannot resolve this value: No filter named 'b46decode'"


def test_a_password_of_the_connection_is_looked_at_and_other_variables_are_not(variables):
    undefined = RuntimeError("'vault_sudo' is undefined")
    of_host = variables | {"notifications": None}
    (fault,) = faults(Lazy(of_host, {"ansible_become_password": undefined, "mine": undefined}))
    assert fault.startswith("ansible_become_password: the variable vault_sudo is not defined;")
