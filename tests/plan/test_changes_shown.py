"""A change that looks the same before and after is shown as one."""

from small import EIP, INSTANCE, of, plan, resource, urn

from ops.display.changes import differences
from ops.plan import formats
from ops.plan.compare import compare
from ops.plan.document import Document
from ops.plan.formats import Names, Paper, sides


def shown_text(old, new):
    comparison = compare("base", old, new)
    return formats.find("text")(Document(plan=new, findings=(), comparison=comparison), Paper())


def test_what_becomes_only_read_goes_and_comes():
    text = shown_text(plan(resource(INSTANCE)), plan(resource(INSTANCE, kind="existing")))
    assert "+ it  ec2.Instance\n" in text
    assert "- it  ec2.Instance  removed\n" in text


def test_a_saved_plan_whose_resources_are_in_each_other():
    one, other = (resource(INSTANCE, name, parent=urn(INSTANCE, parent)) for name, parent in ("ab", "ba"))
    text = shown_text(plan(one, other), plan())
    assert "- a  ec2.Instance" in text
    assert "- b  ec2.Instance" in text


def test_an_output_of_what_is_replaced():
    server = [resource(INSTANCE, "server", inputs={"ami": value}) for value in "ab"]
    plans = [plan(one, resource(EIP, "address", inputs={"instance": of(one)})) for one in server]
    comparison = compare("base", *plans)
    firsts = {one.name: one.properties[0] for one in comparison.resources}
    shown = {name: list(differences(one.path, *sides(one, Names(plans[1])))) for name, one in firsts.items()}
    assert shown["server"] == [("ami", "a", "b")]
    assert shown["address"] == [("instance", "[known after up: server]", "another one")]
