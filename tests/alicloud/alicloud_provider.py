"""What stands between pulumi-alicloud 4 and Terraform's provider 1.289, and what each output looks like where nothing is made."""

from clouds.provider import Provider

ACCOUNT, REGION = "1234567890123456", "ap-southeast-1"
NOWHERE = "http://127.0.0.1:9"
"""An address for requests that a plan would make: nothing listens there."""
BLOCK = {"region": REGION, "access_key": "LTAItest", "secret_key": "test", "account_id": ACCOUNT, "skip_region_validation": True}
"""The provider's block."""

ALICLOUD = Provider(
    package="alicloud",
    prefix="alicloud_",
    source="aliyun/alicloud",
    version="1.289",
    program="SLIPWAY_ALICLOUD_PROVIDER",
    variables=("ALIBABA_CLOUD_", "ALICLOUD_", "ALIBABACLOUD_"),
    environment={"HTTP_PROXY": NOWHERE, "HTTPS_PROXY": NOWHERE},
    types={
        "alicloud:ecs/ramRoleAttachment:RamRoleAttachment": "alicloud_ecs_ram_role_attachment",
        "alicloud:rds/database:Database": "alicloud_db_database",
        "alicloud:rds/instance:Instance": "alicloud_db_instance",
        "alicloud:vpc/network:Network": "alicloud_vpc",
        "alicloud:vpc/switch:Switch": "alicloud_vswitch",
        "data.alicloud:vpc/getNetworks:getNetworks": "data.alicloud_vpcs",
        "data.alicloud:vpc/getSwitches:getSwitches": "data.alicloud_vswitches",
    },
    answered={"alicloud:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT}},
    literals={
        "alicloud_alb_listener.id": "lsn-{}",
        "alicloud_alb_load_balancer.dnsName": f"alb-{{}}.{REGION}.alb.aliyuncs.com",
        "alicloud_alb_load_balancer.id": "alb-{}",
        "alicloud_alb_server_group.id": "sgp-{}",
        "alicloud_cms_alarm_contact.id": "shop-{}",
        "alicloud_cms_alarm_contact_group.id": "shop-{}",
        "alicloud_db_instance.connectionString": "rm-{}.mysql.singapore.rds.aliyuncs.com",
        "alicloud_db_instance.id": "rm-{}",
        "alicloud_ecs_disk.id": "d-{}",
        "alicloud_ecs_launch_template.id": "lt-{}",
        "alicloud_eip_address.id": "eip-{}",
        "alicloud_eip_address.ipAddress": "203.0.113.7",
        "alicloud_ess_scaling_group.id": "asg-{}",
        "alicloud_instance.id": "i-{}",
        "alicloud_instance.privateIp": "10.60.0.4",
        "alicloud_nat_gateway.id": "ngw-{}",
        "alicloud_nat_gateway.snatTableIds": "stb-{}",
        "alicloud_oss_bucket.id": "shop-store-{}",
        "alicloud_ram_policy.id": "shop-web-{}",
        "alicloud_ram_role.id": "shop-web-{}",
        "alicloud_ram_role.roleId": "312345678901234567",
        "alicloud_security_group.id": "sg-{}",
        "alicloud_vpc.id": "vpc-{}",
        "alicloud_vswitch.id": "vsw-{}",
        "data.alicloud_images.images[0].id": "debian_13_5_x64_20G_alibase_20261101.vhd",
        "data.alicloud_vpcs.vpcs[0].cidrBlock": "10.60.0.0/16",
        "data.alicloud_zones.ids[0]": f"{REGION}a",
        "data.alicloud_zones.ids[1]": f"{REGION}b",
        "data.alicloud_zones.ids[2]": f"{REGION}c",
    },
)
