"""Tags: completed, listed, and channels found by them; what graphite-web answers is in tests/integration/."""

import pytest
from memory_source import MemorySource, Samples

from livemon.bridge.app import create_app
from livemon.bridge.catalogue import Catalogue, Field, Node

TAGGED = {
    "lab.control.Channel_01_T": {"node": "control", "label": "4K plate", "unit": "K"},
    "lab.control.Channel_01_R": {"node": "control", "label": "4K plate", "unit": "Ohm"},
    "lab.ls240.Channel_1_T": {"node": "LSA21OQ", "label": "50K plate", "unit": "K"},
    **{f"livemon.sensors.load_{number:03}": {"node": "sensors"} for number in range(120)},
}
TAGS = ["field", "label", "name", "node", "unit"]


@pytest.fixture
def client():
    return create_app(MemorySource([Samples(path, 0, 1, [1], tags) for path, tags in TAGGED.items()])).test_client()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", TAGS),
        ("limit=0&tagPrefix=", TAGS),
        ("limit=undefined&from=undefined&until=", TAGS),
        ("limit=2", TAGS[:2]),
        ("tagPrefix=n", ["name", "node"]),
        ("expr=unit%3DK&expr=node!%3Dcontrol", ["field", "label", "name"]),
        ("expr%5B%5D=node%3Dsensors", ["field", "name"]),
        ("expr=node%3Dnobody", []),
    ],
)
def test_tags_are_completed(client, query, found):
    assert client.get(f"/tags/autoComplete/tags?{query}").json == found
    assert (
        client.post("/tags/autoComplete/tags", data=query, content_type="application/x-www-form-urlencoded").json
        == found
    )


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("tag=node", ["LSA21OQ", "control", "sensors"]),
        ("tag=node&valuePrefix=&limit=0", ["LSA21OQ", "control", "sensors"]),
        ("tag=label&valuePrefix=5", ["50K plate"]),
        ("tag=label&expr=unit%3D~O", ["4K plate"]),
        ("tag=unit&expr=node%3Dsensors", []),
        ("tag=nothing", []),
    ],
)
def test_values_are_completed(client, query, found):
    assert client.get(f"/tags/autoComplete/values?{query}").json == found


def test_suggestions_are_a_hundred_where_nobody_says_how_many(client):
    ask = "/tags/autoComplete/values?tag=name&valuePrefix=livemon"
    assert len(client.get(ask).json) == len(client.get(f"{ask}&limit=0").json) == 100
    assert len(client.get(f"{ask}&limit=10000").json) == 120


def test_tags_and_their_values_are_listed_whole(client):
    assert client.get("/tags").json == [{"tag": tag} for tag in TAGS]
    assert client.get("/tags/unit").json == {
        "tag": "unit",
        "values": [{"value": "K", "count": 2}, {"value": "Ohm", "count": 1}],
    }
    assert len(client.get("/tags/name").json["values"]) == 123
    assert client.get("/tags/nothing").json is None


def test_channels_are_found_by_tags(client):
    answer = client.get("/tags/findSeries", query_string={"expr": ["label=~.*plate", "unit!=Ohm"]})
    assert answer.json == [path for path, tags in TAGGED.items() if tags.get("unit") == "K"]


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/tags/autoComplete/tags?expr=node", "tag expression 'node' is not valid; write tag=value"),
        ("/tags/autoComplete/tags?expr=%3DK", "tag expression '=K' is not valid"),
        ("/tags/autoComplete/tags?expr=unit%3D~(", "tag expression 'unit=~('"),
        ("/tags/autoComplete/tags?expr=unit!%3DK", "at least one must require a value"),
        ("/tags/autoComplete/tags?expr=unit%3D~.*", "at least one must require a value"),
        ("/tags/autoComplete/tags?" + "&expr=unit%3DK" * 21, "21 tag expressions; write at most 20"),
        ("/tags/autoComplete/tags?limit=many", "limit: 'many' is not a valid number"),
        ("/tags/autoComplete/tags?limit=-1", "limit: '-1' is not a valid number"),
        ("/tags/autoComplete/values", "tag: write the tag whose values to list"),
        ("/tags/findSeries", "no tag expression"),
        ("/tags?filter=(", "filter: "),
    ],
)
def test_what_cannot_be_read_is_told_in_a_sentence(client, path, sentence):
    answer = client.get(path)
    assert answer.status_code == 400
    assert sentence in answer.json["error"]


def test_a_pattern_that_would_try_for_years_is_given_up(client):
    answer = client.get("/tags/autoComplete/tags", query_string={"expr": "name=~(.|..)+[!?]$"})
    assert answer.status_code == 400
    assert "takes longer than" in answer.json["error"]


def test_channels_that_are_made_of_others_are_found_too_and_each_path_once():
    source = MemorySource([Samples("lab.control.Channel_01_T", 0, 1, [1])])
    (node,) = source.catalogue.nodes.values()
    age = Field("control", "age", "age.lab.control.Channel_01_T", units="s")
    source.catalogue = Catalogue([node, Node("old", "", dict(node.fields))], [age])
    client = create_app(source).test_client()
    assert client.get("/tags/findSeries?expr=name%3D~.%2B").json == [age.path, "lab.control.Channel_01_T"]
    assert [each["text"] for each in client.get("/metrics/find?query=*").json] == ["age", "lab"]
    assert client.get("/tags/unit").json == {"tag": "unit", "values": [{"value": "s", "count": 1}]}
