"""What a provider must be told before it answers, and what a made-up resource must hold where the schema doesn't say so."""

from typing import Any

from tools.type_tables.terraform.fields import Path

# To look nothing up, and keys that open nothing.
SETTINGS: dict[str, dict[str, Any]] = {
    "aws": {
        "region": "eu-west-1",
        "access_key": "none",
        "secret_key": "none",
        "skip_credentials_validation": True,
        "skip_requesting_account_id": True,
        "skip_region_validation": True,
        "skip_metadata_api_check": "true",
        "max_retries": 0,
    }
}

# Where a provider checks several fields together as it plans.
GIVEN: dict[str, dict[Path, Any]] = {
    "aws_lb_target_group": {("protocol",): "HTTP", ("port",): 80, ("vpc_id",): "vpc-1", ("target_type",): "instance"},
}
