"""Which jobs go first."""

import re
from types import SimpleNamespace

from modgap.plan.outputs.order import CONES, FIRST, NEXT, PAIRS, PRIORITIES, THEN, order_jobs


def test_what_shows_the_gap_comes_before_what_takes_long():
    names = ["sweep_loss", "embed_images", "measure_cone", "measure_pairs", "measure_gap"]
    rules = [SimpleNamespace(name=name, priority=0) for name in names]
    order_jobs(rules)
    priorities = [rule.priority for rule in rules]
    assert priorities == sorted(priorities)
    assert len(set(priorities)) == len(names)
    assert len(PRIORITIES) == sum(map(len, (FIRST, PAIRS, CONES, NEXT, THEN)))


def test_every_rule_with_a_priority_is_there(root):
    text = "".join(path.read_text() for path in (root / "rules").glob("*.smk"))
    rules = set(re.findall(r"^(?:rule|use rule \w+ as) (\w+)", text, flags=re.MULTILINE))
    assert set(PRIORITIES) - rules == set()
