"""AWS Elastic Beanstalk: one instance, or several behind a load balancer. The environment has all
settings, while versions are `Deploy`'s to move: the service takes one or the other at a time."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import pulumi
import pulumi_aws as aws

from cloud_init import templating
from cloud_init.host.contracts.manifest import LOGINS, File
from components import platforms
from components.aws.blocks.alarms import Alarms, AlarmsArgs
from components.aws.blocks.firewall import Firewall
from components.aws.blocks.host_role import SYSTEMS_MANAGER, TRUST
from components.aws.blocks.managed_database import AUTHORITY
from components.aws.blocks.server import architecture
from components.aws.blocks.site_name import SiteName, SiteNameArgs
from components.aws.blocks.web_fleet import TLS
from components.aws.common import allow, document, named
from components.aws.stack.foundation import AwsStack
from components.aws.stack.options import AwsOptions, aws_problems
from components.aws.stack.parts import managed_database
from components.blocks import names
from components.blocks.args import FirewallArgs
from components.blocks.stack import Tier
from components.blocks.subnets import PRIVATE
from components.hosts.resources import RandomSecret
from components.platforms.beanstalk import Beanstalk
from components.release import core
from components.release.bundle import Bundle, plan, with_files
from components.release.ids import SECRET_KEY
from components.rollout.resources import Deploy, DeployArgs
from components.settings import Settings, kinds, target_options
from components.settings.kinds import setting
from components.settings.report import Problem
from components.target import StackPlace, Takes, TargetComponent
from components.target import needs_nothing as needs

__all__ = ["TAKES", "THIS_MACHINE", "Options", "Target", "bundle", "deployment", "needs"]

THIS_MACHINE = False
TAKES: Takes = {**platforms.TAKES, "http.maxBody": True, "http.staticAge": False, "app.healthHost": True}
_SECTION = "slipway:aws-beanstalk"
PYTHONS = ("3.14", "3.13", "3.12", "3.11", "3.9")
"""Those that Elastic Beanstalk has on Amazon Linux 2023, the newest first."""
_PLATFORM = "^64bit Amazon Linux 2023 v4[.0-9]+ running Python {}$"
_IDLE = 55  # seconds: the balancer has to close idle connections first, nginx there keeps them for 60
_SERVICE = {"Service": "elasticbeanstalk.amazonaws.com"}
_ASSUMED = {"StringEquals": {"sts:ExternalId": "elasticbeanstalk"}}
_SERVICE_TRUST = document({"Effect": "Allow", "Principal": _SERVICE, "Action": "sts:AssumeRole", "Condition": _ASSUMED})
_OF_THE_SERVICE = ("service-role/AWSElasticBeanstalkEnhancedHealth", "AWSElasticBeanstalkManagedUpdatesCustomerRolePolicy")
_Values = dict[str, dict[str, Any]]
"""Option settings by namespace and name; namespaces without `aws:` are the service's own."""


class Options(AwsOptions):
    """slipway:aws-beanstalk"""

    logs: Literal[1, 3, 5, 7, 14, 30, 60, 90, 180, 365] | None = setting(
        None, "Days that CloudWatch keeps the instances' logs. None there if left out."
    )
    split_traffic: Annotated[bool, kinds.SWITCH] = setting(False, "A release gets a tenth of the requests first, for five minutes.")


def problems(settings: Settings, options: Options) -> Iterator[Problem]:
    """What is wrong in them."""
    yield from aws_problems(_SECTION, settings, options, ["certificate", "split_traffic"])
    if settings.app.python not in (None, *PYTHONS):
        yield "slipway:app.python", f"wanted one of {', '.join(PYTHONS)}, as the platform has them, found {settings.app.python!r}"
    if "requests" in options.instances.model_fields_set:
        yield f"{_SECTION}.instances.requests", "wanted none, as busy processors alone add instances here, found one; leave it out"
    if settings.domain and not options.is_fleet:
        yield "slipway:domain", "wanted a load balancer with it (instances.max over 1) for TLS, found one instance; leave it out"


def bundle(settings: Settings, folder: Path) -> core.Release[Bundle]:
    """The release of a stack, with what the platform's nginx and deployment read; a folder that
    `eb` and the console take, too. Raises `SlipwayError` as `plan` does."""
    options, planned = _options(settings), plan(settings, folder, settings.app.health_host or "localhost")
    made, deployment = planned.manifest, dict[str, Any]()
    commands = {f"process-{name}": command for name, command in made.processes.items()}
    procfile = "".join(f"{name}: sh files/process-{name}.sh\n" for name in made.processes)
    if made.release_command:
        commands["release-command"] = made.release_command
        deployment["container_commands"] = {"slipway": {"command": "bash -o pipefail files/release-command.sh", "leader_only": True}}
    if settings.database.placement == "managed":
        place = {"mode": "000644", "owner": "root", "group": "root", "source": AUTHORITY.format(options.region)}
        deployment["files"] = {f"/etc/slipway/{settings.app.name}/database-ca.pem": place}
    known: dict[str, Any] = {"max_body": settings.http.max_body, "timeout": settings.server.timeout + 5, "tls": settings.domain}
    known |= {"balancer": PRIVATE if options.is_fleet else (), "health": made.health}
    with core.settings_told(settings):
        texts = {
            "Procfile": next(file.content for file in made.files if file.path == "Procfile") + procfile,
            ".platform/nginx/conf.d/slipway.conf": templating.render("beanstalk/http.nginx.j2", **known),
            ".platform/nginx/conf.d/elasticbeanstalk/slipway.conf": templating.render("beanstalk/server.nginx.j2", **known),
            ".ebextensions/slipway.config": json.dumps(deployment, sort_keys=True),
            **{f"files/{one}.sh": templating.render("beanstalk/command.sh.j2", command=command) for one, command in commands.items()},
        }
    return with_files(planned, *(File(path, text) for path, text in texts.items()))


class Site(AwsStack):
    """The environment with its roles and its secrets; `called`: its name, and its application's."""

    options: Options

    def __init__(self, parent: pulumi.Resource, settings: Settings, place: Any, options: Options, called: str) -> None:
        super().__init__(parent, settings, place, options, keep=False)  # versions are made anew
        # The service's own groups let in who is to come; this one is whom the database lets in.
        args = FirewallArgs(vpc_id=self.network.vpc_id, description="Elastic Beanstalk: instances", tags=self.tags)
        self.called, self.firewall = called, Firewall(f"{self.name}-web", args, self.child)

    def launch(self, public: Mapping[str, str], secrets: pulumi.Output[dict[str, str]], asked: Sequence[str]) -> Any:
        """The environment, an `aws.elasticbeanstalk.Environment`. `public`, and of `secrets` those
        that are `asked` for, are variables of the app."""
        name, child, tags = self.name, self.child, named(self.tags, self.name)
        secret = aws.secretsmanager.Secret(f"{name}-environment", recovery_window_in_days=0, tags=tags, opts=child)
        text = secrets.apply(lambda known: json.dumps({one: known[one] for one in asked}))
        version = aws.secretsmanager.SecretVersion(f"{name}-environment", secret_id=secret.id, secret_string=text, opts=child)
        service, role = self._role("service", _SERVICE_TRUST), self._role("instance", TRUST)
        rights: list[pulumi.Resource] = [
            aws.iam.RolePolicyAttachment(f"{name}-{number}", role=service.name, policy_arn=f"arn:aws:iam::aws:policy/{one}", opts=child)
            for number, one in enumerate(_OF_THE_SERVICE)
        ]
        policy = pulumi.Output.all(self.store.arn, secret.arn, self.account).apply(lambda known: json.dumps(self._policy(*known)))
        rights.append(aws.iam.RolePolicy(f"{name}-instance", role=role.id, policy=policy, opts=child))
        profile = aws.iam.InstanceProfile(f"{name}-instance", role=role.name, tags=tags, opts=child)
        application = aws.elasticbeanstalk.Application(name, name=self.called, tags=self.tags, opts=child)
        platform = _PLATFORM.format((self.settings.app.python or PYTHONS[0]).replace(".", "[.]"))
        stack = aws.elasticbeanstalk.get_solution_stack_output(most_recent=True, name_regex=platform, opts=self.lookup)
        given = self._settings(profile.name, service.name)
        given["application:environment"] = {**public, "PORT": "8000"}
        given["application:environmentsecrets"] = {one: pulumi.Output.concat(secret.arn, ":", one) for one in asked}
        # Managed updates move the platform, `Deploy` the version.
        own = pulumi.ResourceOptions(depends_on=[version, *rights], ignore_changes=["version", "solutionStackName"])
        return aws.elasticbeanstalk.Environment(
            name,
            name=self.called,
            application=application.id,
            solution_stack_name=stack.name,
            settings=_as_told(given),
            tags=self.tags,  # `Name` is the service's own
            opts=pulumi.ResourceOptions.merge(child, own),
        )

    def _role(self, kind: str, trust: Mapping[str, Any]) -> "aws.iam.Role":
        name = f"{self.name}-{kind}"
        return aws.iam.Role(name, assume_role_policy=json.dumps(trust), tags=named(self.tags, name), opts=self.child)

    def _policy(self, store: str, secret: str, account: str) -> dict[str, Any]:
        """What instances may. The service tells them, and takes their logs, in its own bucket of
        the region."""
        region, name = self.options.region, self.called
        own, where = f"arn:aws:s3:::elasticbeanstalk-{region}-{account}/resources/environments", f"{region}:{account}"
        told = [f"arn:aws:elasticbeanstalk:{where}:{one}" for one in (f"application/{name}", f"environment/{name}/*")]
        return document(
            allow("Bundle", ["s3:GetObject"], [f"{store}/bundles/*", f"{own}/*"]),
            allow("Secrets", ["secretsmanager:GetSecretValue"], [secret]),
            allow("HandInLogs", ["s3:PutObject"], [f"{own}/logs/*"]),
            allow("Health", ["elasticbeanstalk:PutInstanceStatistics"], told),
            allow("Logs", ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                  [f"arn:aws:logs:{where}:log-group:/aws/elasticbeanstalk/{name}/*"]),
            allow("BeReached", SYSTEMS_MANAGER, ["*"]),
        )  # fmt: skip

    def _settings(self, profile: pulumi.Input[str], service: pulumi.Input[str]) -> _Values:
        """All that isn't the app's, and nothing that doesn't go for such an environment."""
        options, network, arm = self.options, self.network, architecture(self.options.instance_type) == "arm64"
        given: _Values = {
            "environment": {"EnvironmentType": "LoadBalanced" if options.is_fleet else "SingleInstance", "ServiceRole": service},
            "command": {"DeploymentPolicy": "TrafficSplitting" if options.split_traffic else "Immutable"},
            "aws:autoscaling:updatepolicy:rollingupdate": {"RollingUpdateEnabled": "true", "RollingUpdateType": "Immutable"},
            "healthreporting:system": {"SystemType": "enhanced"},
            "managedactions": {"ManagedActionsEnabled": "true", "PreferredStartTime": "Sun:04:30", "ServiceRoleForManagedUpdates": service},
            "managedactions:platformupdate": {"UpdateLevel": "minor", "InstanceRefreshEnabled": "true"},
            "aws:autoscaling:launchconfiguration": {
                "IamInstanceProfile": profile, "SecurityGroups": self.firewall.group_id,
                "DisableIMDSv1": "true", "RootVolumeType": "gp3", "RootVolumeSize": str(options.disk),
            },
            "aws:ec2:instances": {"InstanceTypes": options.instance_type, "SupportedArchitectures": "arm64" if arm else "x86_64"},
            "aws:ec2:vpc": {
                "VPCId": network.vpc_id, "Subnets": network.host_subnets.apply(lambda ids: ",".join(sorted(ids))),
                "AssociatePublicIpAddress": "false" if options.network.is_private else "true",
            },
        }  # fmt: skip
        if not core.make_door(self.settings).static:  # behind the door static files are the app's to serve
            given["environment:proxy:staticfiles"] = {url: f"src/{folder}" for url, folder in core.static_urls(self.settings).items()}
        if options.logs:
            given["cloudwatch:logs"] = {"StreamLogs": "true", "DeleteOnTerminate": "true", "RetentionInDays": str(options.logs)}
        if options.is_fleet:
            given["environment"]["LoadBalancerType"] = "application"
            given["aws:ec2:vpc"] |= {"ELBSubnets": network.public_subnets.apply(lambda ids: ",".join(sorted(ids))), "ELBScheme": "public"}
            given["aws:autoscaling:asg"] = {"MinSize": str(options.instances.min), "MaxSize": str(options.instances.max)}
            busy = {"MeasureName": "CPUUtilization", "Statistic": "Average", "Unit": "Percent"}
            given["aws:autoscaling:trigger"] = {**busy, "UpperThreshold": "60", "LowerThreshold": "20"}
            # A release that isn't well never takes the others' place: nginx asks the app.
            given["environment:process:default"] = {"HealthCheckPath": "/-/ready"}
            given["aws:elbv2:loadbalancer"] = {"IdleTimeout": str(max(_IDLE, self.settings.server.timeout + 5))}
        if certificate := self.certificate():
            given["aws:elbv2:listener:443"] = {"Protocol": "HTTPS", "SSLCertificateArns": certificate, "SSLPolicy": TLS}
        return given


def _as_told(given: _Values) -> list[Any]:
    """Settings in the service's own form: in order, with an empty resource, or one that changes
    shows them all as changed."""
    spaces = {one if one.startswith("aws:") else f"aws:elasticbeanstalk:{one}": values for one, values in given.items()}
    every = sorted((space, option) for space, values in spaces.items() for option in values)
    return [{"namespace": space, "name": option, "value": spaces[space][option], "resource": ""} for space, option in every]


class Target(TargetComponent):
    """Everything of a stack, in one region."""

    def __init__(self, name: str, settings: Settings, place: StackPlace, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:target:AwsBeanstalk", name, None, opts)
        options, planned, facts = _options(settings), bundle(settings, place.folder), _facts(settings, place)
        site = Site(self, settings, place, options, facts["name"])
        asked = {*settings.given, SECRET_KEY, *([LOGINS] if settings.logins else [])}
        key, database = RandomSecret(f"{name}-key", site.own).value, Tier()
        secrets = every = planned.secrets(key, settings.secret_env)
        if settings.database.placement == "managed":
            database = managed_database(site)
            # The app is the owner of its schema: no host of ours is there to make another role.
            owner: Any = database.connection.environment.apply(lambda known: known["DATABASE_OWNER_URL"]) if database.connection else ""
            asked, every = asked | {"DATABASE_URL"}, secrets.apply(lambda known: {**known, "DATABASE_URL": owner})
        release = planned.id(key, every)
        made = site.launch(planned.manifest.environment, core.whole(every), sorted(asked - settings.app.env.keys()))
        zone = aws.elasticbeanstalk.get_hosted_zone_output(region=options.region, opts=site.lookup).id
        records = site.site_records(SiteName, SiteNameArgs, dns_name=made.cname, zone_id=zone)
        if options.email:
            watched = AlarmsArgs(email=options.email, tags=site.tags, environment=facts["name"], **database.watched)
            Alarms(f"{name}-alarms", watched, site.child)
        url = made.cname.apply(lambda own: f"https://{settings.domain}" if settings.domain else f"http://{own}")
        args = DeployArgs(planned, release, {**facts, "bucket": site.store.bucket}, url, secrets)
        after = pulumi.ResourceOptions(depends_on=[made, *records])
        deploy = Deploy(f"{name}-deploy", args, pulumi.ResourceOptions.merge(site.own, after))
        self.put_out(settings, release, deploy.require(), pulumi.Output.all(made.cname), environment=made.name)


def deployment(settings: Settings, place: StackPlace) -> Beanstalk:
    """The environment that there is now."""
    made = Beanstalk({**_facts(settings, place), "bucket": ""})
    made.url = f"https://{settings.domain}" if settings.domain else f"http://{made.environment()['CNAME']}"
    made.health = core.make_health(
        settings,
        core.make_door(settings),
        settings.domain or settings.app.health_host or "localhost",
        "https" if settings.domain else "http",
    )
    return made


def _options(settings: Settings) -> Options:
    return target_options(settings, Options, "aws-beanstalk", problems)


def _facts(settings: Settings, place: StackPlace) -> dict[str, Any]:
    """What the platform's file needs to know; the name has at most the 40 letters that may be."""
    options = _options(settings)
    name = names.short(names.bucket("", options.region, place.project, place.stack, settings.app.name), 40)
    login = {"region": options.region, "account": options.account, "profile": options.profile}
    return {"platform": "beanstalk", "name": name, "python": settings.app.python or PYTHONS[0], **login}
