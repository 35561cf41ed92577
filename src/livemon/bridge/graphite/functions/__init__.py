"""The functions of render targets: names, numbers and nulls as graphite-web 1.1.10 has them (its documentation, "Functions").

Each module holds the functions of one idea and declares them (:mod:`.declaration`); importing it makes them known.
"""

from livemon.bridge.graphite.functions import choosing, combining, names, special, transforms, windows
from livemon.bridge.graphite.functions.declaration import FUNCTIONS, find

__all__ = ["FUNCTIONS", "choosing", "combining", "find", "names", "special", "transforms", "windows"]
