"""AWS Elastic Beanstalk: one instance, or several behind a load balancer."""

from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws

from cloud_init.host.contracts.manifest import LOGINS
from components import platforms
from components.aws.beanstalk import PYTHONS, Options, Site, plan, problems
from components.aws.blocks.alarms import Alarms, AlarmsArgs
from components.aws.blocks.site_name import SiteName, SiteNameArgs
from components.aws.stack.parts import managed_database
from components.blocks import names
from components.blocks.stack import Tier
from components.hosts.resources import RandomSecret
from components.platforms.beanstalk import Beanstalk
from components.release import core
from components.release.bundle import Bundle
from components.release.ids import SECRET_KEY
from components.rollout.resources import Deploy, DeployArgs
from components.settings import Settings, target_options
from components.target import StackPlace, Takes, TargetComponent
from components.target import needs_nothing as needs

__all__ = ["TAKES", "THIS_MACHINE", "Options", "Target", "bundle", "deployment", "needs"]

THIS_MACHINE = False
TAKES: Takes = {**platforms.TAKES, "http.maxBody": True, "http.staticAge": False}
_URL = "DATABASE_URL"


class Target(TargetComponent):
    """Everything of a stack, in one region."""

    def __init__(self, name: str, settings: Settings, place: StackPlace, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:target:AwsBeanstalk", name, None, opts)
        options = target_options(settings, Options, "aws-beanstalk", problems)
        planned, facts = plan(settings, place.folder, options), _facts(settings, options, place)
        site = Site(self, settings, place, options, facts["name"])
        asked = {*settings.given, SECRET_KEY, *([LOGINS] if settings.logins else [])}
        key, database = RandomSecret(f"{name}-key", site.own).value, Tier()
        secrets = every = planned.secrets(key, settings.secret_env)
        if settings.database.placement == "managed":
            database = managed_database(site)
            # The app is the owner of its schema: no host of ours is there to make another role.
            owner: Any = database.connection.environment.apply(lambda known: known["DATABASE_OWNER_URL"]) if database.connection else ""
            asked, every = asked | {_URL}, secrets.apply(lambda known: {**known, _URL: owner})
        release = planned.id(key, every)
        made = site.launch(planned.manifest.environment, core.whole(every), sorted(asked - settings.app.env.keys()))
        zone = aws.elasticbeanstalk.get_hosted_zone_output(region=options.region, opts=site.lookup).id
        records = site.site_records(SiteName, SiteNameArgs, dns_name=made.cname, zone_id=zone)
        if options.email:
            watched = {**database.watched, "environment": facts["name"], "storage": options.database.disk, "region": options.region}
            Alarms(f"{name}-alarms", AlarmsArgs(email=options.email, tags=site.tags, **watched), site.child)
        url = made.cname.apply(lambda own: f"https://{settings.domain}" if settings.domain else f"http://{own}")
        args = DeployArgs(planned, release, {**facts, "bucket": site.store.bucket}, url, secrets)
        after = pulumi.ResourceOptions(depends_on=[made, *records])
        deploy = Deploy(f"{name}-deploy", args, pulumi.ResourceOptions.merge(site.own, after))
        self.put_out(settings, release, deploy.require(), pulumi.Output.all(made.cname), environment=made.name)


def bundle(settings: Settings, folder: Path) -> core.Release[Bundle]:
    """The app as a folder that `eb` and the console take."""
    return plan(settings, folder, target_options(settings, Options, "aws-beanstalk", problems))


def deployment(settings: Settings, place: StackPlace) -> Beanstalk:
    """The environment that there is now."""
    made = Beanstalk({**_facts(settings, target_options(settings, Options, "aws-beanstalk", problems), place), "bucket": ""})
    made.url = f"https://{settings.domain}" if settings.domain else f"http://{made.environment()['CNAME']}"
    made.health = core.make_health(settings, core.make_door(settings), settings.domain or "localhost", "https")
    return made


def _facts(settings: Settings, options: Options, place: StackPlace) -> dict[str, Any]:
    """What the platform's file needs to know; the name has at most the 40 letters that may be."""
    name = names.short(names.bucket("", options.region, place.project, place.stack, settings.app.name), 40)
    login = {"region": options.region, "account": options.account, "profile": options.profile, "role": options.role}
    return {"platform": "beanstalk", "name": name, "python": settings.app.python or PYTHONS[0], **login}
