"""The functions of render targets: names, numbers and nulls as in graphite-web 1.1.10 (its documentation, "Functions").

Each module holds the functions of one idea and declares them (:mod:`.declaration`); importing it registers them.

To add a function:

1. Write it in the module of its idea, under ``@function(names, group, *parameters)``. The decorator is the only declaration: from it
   come ``/functions``, Grafana's editor, the checks of arguments and their error messages. The docstring is what Grafana shows. A
   variant of an existing function is one row of the table below that function (see ``movingMax`` in :mod:`.windows`).
2. State what may be read for it, if not every sample: ``keeps_extremes``, ``window``, ``delayed`` (:class:`.declaration.Function`).
3. Add rows with expected values to ``ROWS`` in tests/unit/test_graphite_functions.py, which fails without one for each function, and
   two targets to tests/referees/targets.txt, which graphite-web itself answers for comparison.
4. If it has a required parameter that cannot be guessed from its type, add an example to ``OWN_ARGUMENTS`` in
   tests/unit/test_graphite_over_socket.py.
"""

from livemon.bridge.graphite.functions import choosing, combining, names, special, transforms, windows
from livemon.bridge.graphite.functions.declaration import FUNCTIONS, find

__all__ = ["FUNCTIONS", "choosing", "combining", "find", "names", "special", "transforms", "windows"]
