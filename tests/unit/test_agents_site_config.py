"""The site config as the launcher reads it."""

import pytest
import yaml

from livemon.agents.site_config import Instance, find_instance
from livemon.errors import ConfigError

SITE = {
    "hub": {},
    "hosts": {
        "lab": {"agent-instances": [{"agent-class": "FakeDataAgent", "instance-id": "fake1"}]},
        "localhost": {"agent-instances": []},
    },
}


@pytest.fixture
def site(tmp_path):
    def write(content=SITE):
        text = content if isinstance(content, str) else yaml.safe_dump(content)
        (tmp_path / "default.yaml").write_text(text)
        return {"OCS_CONFIG_DIR": str(tmp_path), "SITE_HOST": "lab"}

    return write


def test_an_agent_is_found_under_its_host(site):
    assert find_instance("fake1", site()) == Instance("fake1", "FakeDataAgent", "lab")


@pytest.mark.parametrize(
    ("content", "change", "sentence"),
    [
        (SITE, {"OCS_CONFIG_DIR": ""}, "OCS_CONFIG_DIR is not set"),
        (SITE, {"OCS_CONFIG_DIR": "/nowhere"}, "cannot read the site config /nowhere/default.yaml"),
        ("a: [", {}, "is not valid YAML"),
        ("[]", {}, "is not a site config"),
        ({"hosts": {"lab": {}}}, {}, "is not a site config: KeyError: 'agent-instances'"),
        ({"hosts": {"lab": {}}}, {"SITE_HOST": "lap"}, "has no host 'lap': set SITE_HOST to one of lab"),
        (SITE, {"SITE_HOST": "lap"}, "host localhost: no agent 'fake2'. Known are none"),
        (SITE, {}, "host lab: no agent 'fake2'; did you mean fake1? Known are fake1"),
    ],
)
def test_faults_are_named(site, content, change, sentence):
    with pytest.raises(ConfigError) as caught:
        find_instance("fake2", site(content) | change)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
