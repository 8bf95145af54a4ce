"""Checks the JSON of a dashboard with the types that Grafana publishes: the package grafana-foundation-sdk is generated
from Grafana's own schema. A key that Grafana does not know, a value of another type, or outside of an enumeration, is
an error; so is a panel outside of the grid, or one that lies on another.
"""

import enum
import importlib
import re
import sys
import types
import typing

from grafana_foundation_sdk.models import dashboard, prometheus, units

COLUMNS = 24
UNITS = {value for name, value in vars(units).items() if isinstance(value, str) and not name.startswith("_")}


def attribute(key):
    """`gridPos` is `grid_pos` there."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key).lower()


def check(value, wanted, where, panel=None):
    """Yields what is wrong with a value."""
    origin, arguments = typing.get_origin(wanted), typing.get_args(wanted)
    if origin in (typing.Union, types.UnionType):
        tries = [list(check(value, one, where, panel)) for one in arguments]
        if all(tries):
            # The last one is often `None`, of which there is nothing to say.
            yield from max(tries, key=len)
    elif origin is list:
        if not isinstance(value, list):
            yield f"{where} is no list"
        else:
            for number, one in enumerate(value):
                yield from check(one, arguments[0], f"{where}[{number}]", panel)
    elif origin is dict:
        if not isinstance(value, dict):
            yield f"{where} is no object"
    elif origin is typing.Literal:
        if value not in arguments:
            yield f"{where} is {value!r}, not one of {arguments}"
    elif wanted in (object, typing.Any):
        return
    elif wanted is type(None):
        if value is not None:
            yield f"{where} is {value!r}"
    elif isinstance(wanted, type) and issubclass(wanted, enum.Enum):
        if value not in [one.value for one in wanted]:
            yield f"{where} is {value!r}, not one of {[one.value for one in wanted]}"
    elif wanted in (str, bool, int, float):
        accepted = (int, float) if wanted is float else (wanted,)
        if not isinstance(value, accepted) or (wanted is not bool and isinstance(value, bool)):
            yield f"{where} is {value!r}, no {wanted.__name__}"
    else:
        yield from check_object(value, wanted, where, panel)


def check_object(value, wanted, where, panel):
    if not isinstance(value, dict):
        yield f"{where} is no object"
        return
    wanted = prometheus.Dataquery if wanted.__name__ == "Dataquery" else wanted
    if wanted in (dashboard.Panel, dashboard.RowPanel):
        # Rows are a type of their own, and the options are those of the panel's plug-in.
        row = value.get("type") == "row"
        wanted = dashboard.RowPanel if row else dashboard.Panel
        panel = None if row else importlib.import_module(f"grafana_foundation_sdk.models.{value['type']}")
    hints = typing.get_type_hints(wanted, vars(sys.modules[wanted.__module__]))
    for key, one in value.items():
        hint = hints.get(attribute(key), hints.get(f"{attribute(key)}_val"))
        if panel and wanted is dashboard.Panel and key == "options":
            hint = panel.Options
        if panel and wanted is dashboard.FieldConfig and key == "custom":
            hint = panel.FieldConfig
        if hint is None:
            yield f"{where}.{key}: {wanted.__name__} has no such key"
        else:
            yield from check(one, hint, f"{where}.{key}", panel)
    if wanted is dashboard.FieldConfig and value.get("unit", "none") not in UNITS:
        yield f"{where}: Grafana has no unit {value['unit']}"


def check_grid(panels):
    """Panels are numbered, lie in the grid and not on each other; what they draw has names."""
    numbers = [panel["id"] for panel in panels]
    if len(set(numbers)) != len(numbers):
        yield "two panels have one number"
    taken = {}
    for panel in panels:
        place = panel["gridPos"]
        if place["x"] + place["w"] > COLUMNS:
            yield f"{panel['title']}: wider than the grid"
        for column in range(place["x"], place["x"] + place["w"]):
            for line in range(place["y"], place["y"] + place["h"]):
                other = taken.setdefault((column, line), panel["title"])
                if other != panel["title"]:
                    yield f"{panel['title']} lies on {other}"
        named = [target["refId"] for target in panel.get("targets", [])]
        if panel["type"] != "row" and (not named or len(set(named)) != len(named)):
            yield f"{panel['title']}: queries {named}"


def problems(made):
    found = list(check(made, dashboard.Dashboard, made["title"]))
    return found or list(check_grid(made["panels"]))
