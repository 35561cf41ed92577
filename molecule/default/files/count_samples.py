"""Print how many samples of each OCS agent so3g finds in a house-keeping file, as JSON {instance-id: samples}."""

import json
import sys
from collections import Counter

from so3g.hk import HKArchiveScanner

scanner = HKArchiveScanner()
scanner.process_file(sys.argv[1])
archive = scanner.finalize()
fields, _ = archive.get_fields()
data, _ = archive.get_data(list(fields), short_match=False)
counts = Counter()
for field, values in data.items():
    counts[field.split(".")[1]] += len(values)
print(json.dumps(counts))
