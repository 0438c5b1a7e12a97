"""Walks through every number of failures, verdict by verdict: exact probabilities of what a rule does."""

NEGLIGIBLE = 1e-18


def stopped(share, rule, verdicts):
    """Yield, after each of so many verdicts, the probability that a rule has stopped.

    Args:
        share: Probability that a verdict is a failure.
        rule: Whether to stop, given failures and verdicts; if it stops at some failures, then also at more.
        verdicts: Length of the walk.

    """
    lowest, running, total = 0, [1.0], 0.0
    for number in range(1, verdicts + 1):
        pairs = zip([0.0, *running], [*running, 0.0], strict=True)
        running = [fewer * share + as_many * (1 - share) for fewer, as_many in pairs]
        while running and (running[-1] < NEGLIGIBLE or rule(lowest + len(running) - 1, number)):
            total += running.pop()
        negligible = next((place for place, one in enumerate(running) if one > NEGLIGIBLE), 0)
        lowest, running = lowest + negligible, running[negligible:]
        yield total
