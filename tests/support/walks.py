"""Walks through every number of failures, verdict by verdict: exact probabilities of what a rule does."""

NEGLIGIBLE = 1e-18


def stops(share, verdicts, *, many=None, few=None):
    """Yield the probabilities that too many and few enough failures have stopped a run, after each verdict.

    Args:
        share: Probability that a verdict is a failure.
        verdicts: Length of the walk.
        many: Whether to stop for too many failures, given failures and verdicts; if so, then also with more failures.
        few: Whether to stop for few failures; if so, then also with fewer.

    """
    lowest, running, too_many, few_enough = 0, [1.0], 0.0, 0.0
    for number in range(1, verdicts + 1):
        pairs = zip([0.0, *running], [*running, 0.0], strict=True)
        running = [fewer * share + as_many * (1 - share) for fewer, as_many in pairs]
        while running and (running[-1] < NEGLIGIBLE or (many and many(lowest + len(running) - 1, number))):
            too_many += running.pop()
        kept = 0
        while kept < len(running) and (running[kept] < NEGLIGIBLE or (few and few(lowest + kept, number))):
            few_enough += running[kept]
            kept += 1
        lowest, running = lowest + kept, running[kept:]
        yield too_many, few_enough
