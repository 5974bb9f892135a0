"""The nearest name is offered, and none where nothing is near."""

from modgap.plan.spelling import did_you_mean


def test_the_nearest_name_is_offered_whatever_its_case():
    assert did_you_mean("VIT-b-32", ["ViT-B-32", "RN50"]) == ", did you mean 'ViT-B-32'?"
    assert did_you_mean("something else", ["ViT-B-32", "RN50"]) == ""
    assert did_you_mean("x", []) == ""
