"""Build the programs in Go that the tests ask, before these begin: to fetch modules and to compile may take longer than a test may.

Usage: python tests/support/build_referees.py
"""

import go_program
import message_referee

for source in (message_referee.ROOT / "tests/referees").glob("*.go"):
    go_program.program(source.stem)
for release in message_referee.RELEASES:
    message_referee.program(release)
