"""The verdict on a measured value with its interval.

A claim expects a value within ``published`` (or ``target``) ± ``tolerance``, or a value ``above``
or ``below`` a bound. Its answer is yes for the values it expects and no for all others.

reproduced      Every value of the interval is a yes.
direction only  Not reproduced, but every value of the interval lies beyond the claim's weaker
                bound, its ``direction``. Also where every value is a yes but the claim is about
                training (``unit: seeds``) and there is one seed: its interval is over the items of
                one model, and another seed may say otherwise.
undecided       The interval holds both a yes and a no.
not reproduced  Every value of the interval is a no.
illustration    The claim cannot fail here, or its failure would say nothing; it shows what is
                measured and counts for nothing.
not run         The run has no rows to judge by.

Intervals. A value that is exact (a count, a closed form, a point of a grid) is an interval of no
width. One whose interval nobody knows (n too small, or biased at this n) may be anywhere: no answer
is certain. Of a difference the interval is the t interval of the paired differences over seeds
where there are several; else it reaches from the low end of the first minus the high end of the
second to the high end minus the low end, which is never too narrow for a pair that rises and falls
together. Of a trend (Kendall's tau) the interval counts each pair of values whose intervals overlap
once as a rise and once as a fall. Of a model that was trained with several seeds each of these is
measured for every seed, and the interval of their mean is for other seeds and other items
(``modgap.report.verdicts.measure.average_seeds``).

A source may say ``sample: same``: the very items and weights of the paper. The interval over items
then says nothing about the distance to the paper's value, and a tolerance is judged by the value
alone.
"""

import math

(
    REPRODUCED,
    DIRECTION,
    UNDECIDED,
    NOT_REPRODUCED,
    ILLUSTRATION,
    NOT_RUN,
) = VERDICTS = (
    "reproduced",
    "direction only",
    "undecided",
    "not reproduced",
    "illustration",
    "not run",
)

# Verdicts of claims that were judged.
JUDGED = (REPRODUCED, DIRECTION, UNDECIDED, NOT_REPRODUCED)


def decide_verdict(claim, value, low, high, *, one_seed=False):
    """The verdict on a value with its limits (NaN where it is exact); see the module.

    one_seed : whether the claim is about training and one seed is all there is.
    """
    if claim.get("illustrates"):
        return ILLUSTRATION
    low, high = effective_limits(claim, value, low, high)
    always, never = weigh_answers(claim, low, high)
    if always and not one_seed:
        return REPRODUCED
    if always or lies_beyond(claim.get("direction", {}), low, high):
        return DIRECTION
    return NOT_REPRODUCED if never else UNDECIDED


def effective_limits(claim, value, low, high):
    """The limits that a verdict goes by: (low, high)."""
    exact = math.isnan(low) or math.isnan(high)
    if exact or ("tolerance" in claim and claim.get("sample") == "same"):
        return value, value
    return low, high


def weigh_answers(claim, low, high):
    """Whether every value from low to high is a yes, and whether every one is a no."""
    if "tolerance" not in claim:
        if "above" in claim:
            return low > claim["above"], high <= claim["above"]
        return high < claim["below"], low >= claim["below"]
    # Differences of decimal numbers are not exact.
    slack = 1e-9 * max(1.0, abs(expected_value(claim)))
    bottom = expected_value(claim) - claim["tolerance"] - slack
    top = expected_value(claim) + claim["tolerance"] + slack
    return bottom <= low and high <= top, high < bottom or low > top


def expected_value(claim):
    """The middle of a claim's tolerance: ``target``, else the published value."""
    return claim.get("target", claim.get("published"))


def lies_beyond(bound, low, high):
    """Whether everything from low to high lies beyond ``above`` or ``below``; False without one."""
    if "above" in bound:
        return low > bound["above"]
    return "below" in bound and high < bound["below"]


def rank_support(claim, value, low, high):
    """How far a measurement speaks for the claim at its worst: the end of its interval.

    Of several measurements the one with the lowest rank decides, so that a claim holds for each of
    them or is not reproduced.
    """
    low, high = effective_limits(claim, value, low, high)
    if "tolerance" in claim:
        middle = expected_value(claim)
        return -max(abs(low - middle), abs(high - middle))
    return low if "above" in claim else -high
