"""Tests in the browser look at what a person can see: text of hidden elements must not make them pass."""

import ast

import pytest
from paths import ROOT

READS_HIDDEN_TEXT = {
    "to_have_text",
    "to_contain_text",
    "inner_text",
    "all_inner_texts",
    "text_content",
    "all_text_contents",
}
FILES = sorted(ROOT.glob("tests/e2e/test_*.py"))


def hidden_reads(source):
    return [
        f"line {node.lineno}: {node.func.attr}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if node.func.attr.removeprefix("not_") in READS_HIDDEN_TEXT
    ]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_test_in_the_browser_reads_text_that_may_be_hidden(file):
    assert hidden_reads(file.read_text()) == [], "write says, mentions or texts of tests/e2e/quicklook_page.py"


def test_reading_hidden_text_would_be_found():
    assert hidden_reads('expect(page.locator("#problems")).to_contain_text("x")') == ["line 1: to_contain_text"]
    assert FILES
