"""docs/reliability.md says only what a test holds."""

import re

import pytest
from tested_pages import TestedPage, is_a_test

PAGE = TestedPage("reliability.md")
HEADINGS = [heading for heading in re.findall(r"\n## (.*)\n", PAGE.text) if not heading.startswith("What is not")]


@pytest.mark.parametrize("named", PAGE.named)
def test_every_test_that_is_named_exists(named):
    assert is_a_test(named)


@pytest.mark.parametrize("heading", HEADINGS)
def test_every_line_names_its_test(heading):
    assert PAGE.rows(heading)
    assert PAGE.untested(heading) == []
