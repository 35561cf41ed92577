"""What Grafana refuses of dashboards and data sources."""

from __future__ import annotations

import re
from collections.abc import Iterator

from grafana_checks import ENDS, LOST, Checks, Provisioned, is_uid, repeated

CHECKS = Checks()
SCHEMAS = {(9, 4): 37, (10, 0): 38, (10, 3): 39, (11, 5): 40, (12, 0): 41, (12, 2): 42}
"""The newest schema of dashboards of each release on; where the first release is not certain, the later one."""
SHORTEST_REFRESH = 5
DASHBOARDS = "pkg/services/dashboards/service/dashboard_service.go, BuildSaveDashboardCommand"
DATASOURCES = "pkg/services/provisioning/datasources/config_reader.go"


@CHECKS(LOST, DASHBOARDS)
def dashboard_has_title_and_uid(given: Provisioned) -> Iterator[str]:
    for name, model in given.dashboards.items():
        if not str(model.get("title") or "").strip():
            yield f"dashboard {name}: it has no title"
        if not is_uid(model.get("uid")):
            yield f"dashboard {name}: its uid {model.get('uid')!r} is not one of 1 to 40 letters, digits, '-' and '_'"


@CHECKS(LOST, "pkg/services/provisioning/dashboards/validator.go: none of them is written any more")
def dashboards_are_unlike(given: Provisioned) -> Iterator[str]:
    for key in ("uid", "title"):
        for value in repeated([model.get(key) for model in given.dashboards.values()]):
            yield f"two dashboards have the {key} {value!r}"


@CHECKS(LOST, "grafana/grafana issue 122663: the file provider reads the classic form")
def dashboard_is_classic(given: Provisioned) -> Iterator[str]:
    for name, model in given.dashboards.items():
        if "elements" in model or not isinstance(model.get("panels"), list):
            yield f"dashboard {name} is not of the classic form, which has a list of panels"


@CHECKS(
    LOST,
    "public/app/features/dashboard/state/DashboardMigrator.ts: an older schema is brought up, a newer one is not read",
)
def schema_is_known(given: Provisioned) -> Iterator[str]:
    newest = max(schema for release, schema in SCHEMAS.items() if release <= given.release)
    for name, model in given.dashboards.items():
        if not isinstance(model.get("schemaVersion"), int) or model["schemaVersion"] > newest:
            yield f"dashboard {name}: its schemaVersion is {model.get('schemaVersion')!r}, this release knows up to {newest}"


@CHECKS(LOST, "a panel's number is its address")
def panels_are_unlike(given: Provisioned) -> Iterator[str]:
    for name, model in given.dashboards.items():
        panels = [each for panel in model.get("panels") or [] for each in (panel, *(panel.get("panels") or []))]
        for number in repeated([panel.get("id") for panel in panels]):
            yield f"dashboard {name}: two panels have the number {number}"


@CHECKS(LOST, f"{DASHBOARDS}, validateDashboardRefreshInterval")
def refresh_is_not_too_fast(given: Provisioned) -> Iterator[str]:
    for name, model in given.dashboards.items():
        refresh = model.get("refresh")
        if refresh in (None, "", False):
            continue
        found = re.fullmatch(r"(\d+)(ms|s|m|h|d)", str(refresh))
        factor = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400}
        if not found or int(found[1]) * factor[found[2]] < SHORTEST_REFRESH:
            yield f"dashboard {name}: its refresh is {refresh!r}, the shortest is {SHORTEST_REFRESH}s"


@CHECKS(LOST, "a panel without its data source shows an error")
def data_sources_of_panels_exist(given: Provisioned) -> Iterator[str]:
    there = {each.get("uid") for each in given.datasources.get("datasources") or []}
    own = {"grafana", "-- Grafana --", "-- Mixed --", "-- Dashboard --"}
    for name, model in given.dashboards.items():
        for uid in sorted(_sources(model) - there - own):
            if not uid.startswith("$"):
                yield f"dashboard {name}: there is no data source {uid!r}"


def _sources(value: object) -> set[str]:
    if isinstance(value, list):
        return set().union(*map(_sources, value))
    if not isinstance(value, dict):
        return set()
    here = value.get("datasource")
    found = {str(here["uid"])} if isinstance(here, dict) and here.get("uid") else set()
    return found.union(*map(_sources, value.values()))


@CHECKS(ENDS, DATASOURCES)
def data_source_is_one(given: Provisioned) -> Iterator[str]:
    there = given.datasources.get("datasources") or []
    for each in there:
        for key in ("name", "type"):
            if not each.get(key):
                yield f"data source {each.get('name')!r} has no {key}"
        if not is_uid(each.get("uid")):
            yield f"data source {each.get('name')!r}: its uid {each.get('uid')!r} is not one of 1 to 40 letters, digits, '-' and '_'"
    for key in ("uid", "name"):
        for value in repeated([each.get(key) for each in there]):
            yield f"two data sources have the {key} {value!r}"


@CHECKS(ENDS, f"{DATASOURCES}, ErrInvalidConfigToManyDefault")
def one_data_source_is_the_default(given: Provisioned) -> Iterator[str]:
    defaults = [each.get("orgId") or 1 for each in given.datasources.get("datasources") or [] if each.get("isDefault")]
    for org in repeated(defaults):
        yield f"two data sources of the organisation {org} are the default"
