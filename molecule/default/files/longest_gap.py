"""Print the longest time between neighbours of a sorted JSON list of times on standard input, in seconds."""

import itertools
import json
import sys

print(max(later - earlier for earlier, later in itertools.pairwise(json.load(sys.stdin))))
