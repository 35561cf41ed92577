"""What no node's values may do to an answer."""

import math

import numpy as np
import pytest

from livemon.bridge.json_responses import json_response


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (np.float64(1.5), 1.5),
        (np.int32(3), 3),
        (np.bool_(True), True),
        (np.float32(math.inf), None),
        (math.nan, None),
        (-math.inf, None),
        (np.array([1.0, math.nan, math.inf]), [1.0, None, None]),
        (10**30, 1e30),
        (-(10**400), None),
        ("half a pair \ud800", "half a pair ?"),
    ],
    ids=repr,
)
def test_any_value_is_valid_json(value, shown):
    assert json_response({"nodes": [{"value": value}]}).json == {"nodes": [{"value": shown}]}
