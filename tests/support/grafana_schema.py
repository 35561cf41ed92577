"""What Grafana's own schema (grafana-foundation-sdk) says of something that we provision.

The SDK's classes take what they know out of JSON and leave out the rest, without a word. So a key is known if it is still there
after a round trip; and since they take any value, values are held against the types that they declare.
"""

import enum
import json
import types
import typing

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard, FieldConfig

register_default_plugins()


def faults(model: type, given: dict) -> list[str]:
    """What of `given` the schema's class `model` does not know."""
    read = model.from_json(given)
    kept = json.loads(json.dumps(read, cls=JSONEncoder))
    return [*_lost(given, kept, model.__name__), *_mistyped(read, model, model.__name__)]


def dashboard_faults(dashboard: dict) -> list[str]:
    """What of a dashboard Grafana does not know.

    The SDK says of an annotation's query that it should be the data source's, and knows one of Grafana's own only.
    """
    marks = [mark | {"target": {}} for mark in dashboard["annotations"]["list"]]
    found = faults(Dashboard, dashboard | {"annotations": {"list": marks}})
    for panel in dashboard["panels"]:
        for override in panel.get("fieldConfig", {}).get("overrides", []):
            own = {prop["id"]: prop["value"] for prop in override["properties"]}
            found += faults(FieldConfig, own)
    return found


def _lost(given, kept, where):
    if isinstance(given, dict) and isinstance(kept, dict):
        for key, value in given.items():
            if key in kept:
                yield from _lost(value, kept[key], f"{where}.{key}")
            else:
                yield f"{where}.{key}: there is no such key"
    elif isinstance(given, list) and isinstance(kept, list) and len(given) == len(kept):
        for number, pair in enumerate(zip(given, kept, strict=True)):
            yield from _lost(*pair, f"{where}[{number}]")
    elif given != kept:
        yield f"{where}: {given!r} became {kept!r}"


def _mistyped(value, hint, where):
    """Hold a value against a type hint."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        options = [list(_mistyped(value, each, where)) for each in arguments]
        if all(options):
            yield options[0][0]
    elif origin is list and isinstance(value, list):
        for number, each in enumerate(value):
            yield from _mistyped(each, arguments[0], f"{where}[{number}]")
    elif origin is dict and isinstance(value, dict):
        for key, each in value.items():
            yield from _mistyped(each, arguments[1], f"{where}.{key}")
    elif hasattr(value, "to_json"):  # also where the hint says no more than that it may be anything
        for name, inner in typing.get_type_hints(type(value)).items():
            yield from _mistyped(getattr(value, name), inner, f"{where}.{name}")
    elif hasattr(hint, "from_json") and isinstance(value, dict):  # the SDK decodes not everything
        yield from (f"{where}: {fault}" for fault in faults(hint, value))
    elif not _is_a(value, origin or hint, arguments):
        yield f"{where}: {value!r} is not {hint}"


def _is_a(value, hint, arguments):
    if hint is typing.Literal:
        return value in arguments
    if isinstance(hint, enum.EnumType):
        return value in list(hint)
    if hint in (int, float):
        return isinstance(value, (int, float) if hint is float else int) and not isinstance(value, bool)
    return hint is typing.Any or not isinstance(hint, type) or isinstance(value, hint)
