"""What a picture of a plan shows."""

import re

import made_plans
from made_plans import Made, unknown

from ops.plan.document import Document
from ops.plan.formats import Paper, mermaid
from ops.plan.view import words


def drawn(document: Document) -> tuple[set[str], set[tuple[str, str]], dict[str, dict[str, int]]]:
    """Names of nodes and frames, edges between names, what is folded where."""
    text = mermaid.render(document, Paper())
    labels = dict(re.findall(r'(n\d+)\[\(?"([^"]*)', text))
    names = {node: re.sub(r"<br/>.*| \(\w+\)$", "", label) for node, label in labels.items()}
    folded = {names[node]: {kind: int(number) for number, kind in re.findall(r"\+ (\d+) ([^<]+)", label)} for node, label in labels.items()}
    return (
        set(names.values()),
        {(names[one], names[other]) for one, other in re.findall(r"(n\d+) --> (n\d+)", text)},
        {name: counts for name, counts in folded.items() if counts},
    )


def test_attachments_fold_into_what_they_belong_to_and_what_they_need_stays():
    made = Made()
    web, inner = (made.add(name, "aws:ec2/securityGroup:SecurityGroup", {}) for name in ("web", "inner"))
    rule = {"securityGroupId": unknown(inner), "sourceSecurityGroupId": unknown(web)}
    made.add("from-web", "aws:ec2/securityGroupRule:SecurityGroupRule", rule)
    made.add("world", "aws:ec2/securityGroupRule:SecurityGroupRule", {"securityGroupId": unknown(web)})
    nodes, edges, folded = drawn(made.document())
    assert nodes == {"web", "inner"}
    assert ("inner", "web") in edges or ("web", "inner") in edges
    assert sum(sum(each.values()) for each in folded.values()) == 2


def test_a_machine_is_no_attachment_and_what_is_protected_never_folds():
    made = Made()
    group = made.add("group", "aws:ec2/securityGroup:SecurityGroup", {})
    made.add("machine", "aws:ec2/instance:Instance", {"group": unknown(group)})
    made.add("rule", "aws:ec2/securityGroupRule:SecurityGroupRule", {"group": unknown(group)}, protect=True)
    assert drawn(made.document())[0] == {"group", "machine", "rule"}


def test_what_waits_for_everything_keeps_nothing_from_folding():
    made = made_plans.shop()
    before = drawn(made.document())
    made_plans.rollout(made)
    nodes, edges, folded = drawn(made.document())
    assert nodes - before[0] == {"rollout"}
    assert folded == before[2]
    assert {other for one, other in edges if one == "rollout"} == {"database", "https", "web", "public"}


def test_what_changes_is_never_folded_and_what_goes_is_drawn_where_it_was():
    document = made_plans.compared(made_plans.shop())
    nodes, _, folded = drawn(document)
    assert {"front-https", "sessions"} <= nodes
    assert "front-firewall" not in folded
    data = re.search(r'\n( +)subgraph n\d+\["data .*?\n\1end\n', mermaid.render(document, Paper()), re.DOTALL)
    assert data
    assert "sessions<br/>" in data[0]


def test_circles_among_attachments_are_drawn():
    made = Made()
    one, two = (made.add(name, "aws:ec2/securityGroup:SecurityGroup", {}) for name in "ab")
    for group, source in ((one, two), (two, one)):
        inputs = {"securityGroupId": unknown(group), "source": unknown(source)}
        made.add("rule", f"aws:ec2/securityGroupRule:SecurityGroupRule{len(made.resources)}", inputs)
    assert drawn(made.document())[0] == {"a", "b"}


def test_reduction_leaves_what_nothing_else_implies():
    wanted = {"d": ["a", "b", "c"], "c": ["b"], "b": ["a"], "a": [], "e": ["a", "a"]}
    assert words.reduced(wanted) == {"d": ["c"], "c": ["b"], "b": ["a"], "a": [], "e": ["a"]}
    assert words.reduced({"a": ["b"], "b": ["a"]}) == {"a": ["b"], "b": ["a"]}


def test_empty_components_and_providers_are_not_drawn():
    made = Made()
    made.component("empty", "slipway:aws:Empty")
    made.add("aws", "pulumi:providers:aws", {}, kind="provider")
    assert mermaid.render(made.document(), Paper()) == "flowchart LR\n"


def test_no_picture_is_more_than_mermaid_draws():
    long = mermaid.render(made_plans.hostile(["{" * 300 + str(n) for n in range(90)]).document(), Paper())
    made, urns = Made(), []
    for number in range(60):
        part = made.component(f"part-{number}", "a:b:C")
        urns.append(made.add(f"thing-{number}", "a:b:C", {}, part, after=urns[:30] if number >= 30 else ()))
    many = mermaid.render(made_plans.many(300).document(), Paper())
    assert many == 'flowchart LR\n  n1["300 resources, too many for a picture"]\n'
    assert long == 'flowchart LR\n  n1["90 resources, too many for a picture"]\n'
    assert mermaid.render(made.document(), Paper()) == 'flowchart LR\n  n1["60 resources, too many for a picture"]\n'
