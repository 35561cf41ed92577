"""What is provisioned in Grafana is what Grafana takes: the referee, held to bad files; and it, over every rendering."""

from __future__ import annotations

import pytest
from grafana_bad_files import BAD, good
from grafana_provisioning import RELEASES, checks, refusals

every_release = pytest.mark.parametrize("release", RELEASES, ids=lambda release: ".".join(map(str, release)))


@every_release
def test_no_release_refuses_good_files(release):
    assert refusals(**good(), release=release) == []


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_a_bad_file_is_refused_in_words(bad):
    found = [each for each in refusals(**bad.files, release=bad.release) if bad.sentence in each]
    assert len(found) == 1
    assert found[0].endswith(f"({bad.effect})")


@pytest.mark.parametrize("bad", [bad for bad in BAD if bad.taken_by], ids=str)
def test_what_another_release_takes_is_not_refused_for_it(bad):
    assert not [each for each in refusals(**bad.files, release=bad.taken_by) if bad.sentence in each]


def test_every_check_finds_something():
    found = set()
    for check in checks():
        assert check.source
    del found
