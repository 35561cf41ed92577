"""The page's JavaScript is read by ESLint in `make lint` (lab/javascript); here that its rules find what they are for."""

import json
import subprocess

import pytest
from paths import ROOT

ESLINT = ROOT / "lab/eslint/node_modules/eslint/bin/eslint.js"
STATIC = "src/livemon/bridge/quicklook/static"
CASES = {
    # The list of problems was never shown: this is (hidden !== length) === 0, and false.
    "if (details.hidden !== sentences.length === 0) details.hidden = true;": ["stylistic/no-mixed-operators"],
    "if (details.hidden !== (sentences.length === 0)) details.hidden = true;": [],
    "if (a === b === c) a = c;": ["no-restricted-syntax"],
    "if (a < b < c) a = c;": ["no-restricted-syntax"],
    "if (a & b === c) a = c;": ["stylistic/no-mixed-operators"],
    "if (a || b && c) a = c;": ["stylistic/no-mixed-operators"],
    "if (a == b) a = c;": ["eqeqeq"],
    "unknown();": ["no-undef"],
}


@pytest.mark.parametrize(("line", "rules"), CASES.items(), ids=CASES)
def test_a_line_that_means_something_else_than_it_says_is_found(line, rules):
    if not ESLINT.exists():
        pytest.skip("ESLint is not here: lab/javascript fetches it")
    text = f"let a, b, c;\nconst details = {{}}, sentences = [];\n{line}\nexport {{ a, b, c, details, sentences }};\n"
    command = ["node", ESLINT, "--config", "lab/eslint/eslint.config.mjs", "--format", "json", "--stdin"]
    done = subprocess.run(
        [*command, "--stdin-filename", f"{STATIC}/line.js"],
        input=text,
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
    )
    [told] = json.loads(done.stdout)
    assert sorted({each["ruleId"] for each in told["messages"]}) == rules, done.stderr
