"""A change that looks the same before and after is shown as one."""

from small import EIP, INSTANCE, of, plan, resource

from ops.plan.compare import compare
from ops.plan.view.changes import differences
from ops.plan.view.names import Names


def test_an_output_of_what_is_replaced():
    server = [resource(INSTANCE, "server", inputs={"ami": value}) for value in "ab"]
    plans = [plan(one, resource(EIP, "address", inputs={"instance": of(one)})) for one in server]
    comparison = compare("base", *plans)
    shown = {one.name: list(differences(one.properties[0], Names(plans[1]))) for one in comparison.resources}
    assert shown["server"] == [("ami", "a", "b")]
    assert shown["address"] == [("instance", "[known after up: server]", "another one")]
