"""The rules as a policy pack of the real engine. Runs where `pulumi` is on PATH."""

import json
import shutil

import pytest

pytestmark = pytest.mark.skipif(shutil.which("pulumi") is None, reason="the Pulumi CLI is not on PATH")

PACK = ("--policy-pack", "policy")
GROUP = '''
import pulumi

class Group(pulumi.ComponentResource):
    """A component of the cloud's type: the engine makes those without the cloud's plugin."""

    def __init__(self, name, **inputs):
        super().__init__("aws:ec2/securityGroup:SecurityGroup", name, inputs)
        self.register_outputs({})

tags = {"project": "shop", "stack": "dev", "owner": "me"}
web = Group("web", ingress=[{"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["0.0.0.0/0"]}], tags=tags)
Group("later", ingress=web.urn.apply(lambda urn: [{"protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlocks": [urn]}]), tags=tags)
Group("admin", ingress=[{"protocol": "-1", "fromPort": 0, "toPort": 0, "ipv6CidrBlocks": ["::/0"]}], tags=tags)
'''


@pytest.mark.family("the policy pack")
def test_a_setting_that_breaks_a_rule_fails_the_preview_unless_waived(site, pulumi):
    pulumi("config", "set", "--path", "slipway:app.env.SMTP_PASSWORD", "hunter2x")
    told = pulumi("preview", *PACK, code=1)
    assert "[mandatory]  secrets-in-plain" in told
    assert "slipway:app.env.SMTP_PASSWORD: wanted no secret in plain text, found one by its name" in told
    assert "hunter2x" not in told
    waiver = {"rule": "secrets-in-plain", "resource": "app.env.SMTP_PASSWORD", "reason": "a mail server for tests"}
    pulumi("config", "set", "slipway:waivers", json.dumps([waiver]))
    assert "✅ slipway@" in pulumi("preview", *PACK)


def test_what_resources_are_given_is_judged(site, pulumi):
    (site.folder / "__main__.py").unlink()
    (site.folder / "__main__.py").write_text(GROUP)
    told = pulumi("preview", *PACK, code=1)
    found = told.partition("Policies:")[2]
    assert "[mandatory]  ports-open  (aws:ec2:SecurityGroup: admin)" in found
    assert "[mandatory]  ssh-closed  (aws:ec2:SecurityGroup: admin)" in found
    assert "found port 22" not in found
    assert "SecurityGroup: web" not in found
    assert "tagged" not in found
