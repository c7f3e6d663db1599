"""What stands between pulumi-aws 7 and Terraform's provider 5.100, and between both and moto."""

from aws_emulated import REGION, VARIABLES, block
from aws_left import fill, known, last, there
from clouds.provider import Emulator, Provider

ACCOUNT = "123456789012"  # moto's

AWS = Provider(
    package="aws",
    prefix="aws_",
    source="hashicorp/aws",
    version="5.100",
    program="SLIPWAY_AWS_PROVIDER",
    variables=VARIABLES,
    environment={"AWS_EC2_METADATA_DISABLED": "true", "TF_LOG_PROVIDER_AWS": "ERROR"},
    emulator=Emulator(block=block, there=there, known=known, fill=fill, last=last),
    types={
        "aws:elasticbeanstalk/application:Application": "aws_elastic_beanstalk_application",
        "aws:elasticbeanstalk/applicationVersion:ApplicationVersion": "aws_elastic_beanstalk_application_version",
        "aws:elasticbeanstalk/environment:Environment": "aws_elastic_beanstalk_environment",
        "data.aws:elasticbeanstalk/getHostedZone:getHostedZone": "data.aws_elastic_beanstalk_hosted_zone",
        "data.aws:elasticbeanstalk/getSolutionStack:getSolutionStack": "data.aws_elastic_beanstalk_solution_stack",
        "aws:lb/loadBalancer:LoadBalancer": "aws_lb",
        "aws:rds/instance:Instance": "aws_db_instance",
        "aws:rds/parameterGroup:ParameterGroup": "aws_db_parameter_group",
        "aws:rds/subnetGroup:SubnetGroup": "aws_db_subnet_group",
        "aws:s3/bucketObjectv2:BucketObjectv2": "aws_s3_object",
    },
    answered={
        # Programs make names of it: a value, no reference.
        "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT, "arn": f"arn:aws:iam::{ACCOUNT}:root", "userId": ACCOUNT},
        # Provider 6 calls it `region`, provider 5 `name`.
        "aws:index/getRegion:getRegion": {"region": REGION, "name": REGION, "id": REGION},
    },
    renamed={"alarm_name": "name", "topic_arn": "topic", "version_label": "version"},
    names={"aws_cloudwatch_metric_alarm": "alarm_name", "aws_db_instance": "identifier", "aws_s3_bucket": "bucket", "aws_s3_object": "key"},
    divided={"aws:ec2/vpc:Vpc": ("ipv6CidrBlock", [f"2001:db8:{number:x}00::/56" for number in range(1, 200)])},
    not_told={
        ("aws_autoscaling_group", "default_instance_warmup"): "moto keeps nothing of how long a new instance isn't counted",
        ("aws_instance", "ipv6_address_count"): "moto gives an instance no IPv6 address",
        ("aws_instance", "maintenance_options"): "moto keeps nothing of what becomes of an instance whose machine fails",
        ("aws_instance", "private_dns_name_options"): "moto keeps nothing of how instances are called",
    },
)
