"""Times of samples, and the seconds beyond which there is a gap: for the bridge's rule, and for that of the quick-look page."""


def _scan(visits, cycle, samples, step):
    return [visit * cycle + sample * step for visit in range(visits) for sample in range(samples)]


CASES = [
    ([], None),
    ([0, 1], None),
    ([0, 1, 2, 3, 30], 10),
    ([0, 1, 2, 60, 61, 62, 120], 174),
    ([0, 1, 2, 210, 211, 212, 420], 300),
    ([0, 200, 400], 600),
    (_scan(5, 480, 9, 0.125), 1437),
    ([*range(100), *range(40_000, 40_100), *range(80_000, 80_100)], 300),
    ([*range(0, 6000, 60), *range(8000, 14_000, 60)], 180),
]
