"""The running program's settings: the only reader of `pulumi.Config` in the project."""

from typing import Any

import pulumi
from pulumi.runtime import config as runtime

from components.settings.models import Secrets, Settings
from components.settings.reader import parse
from components.settings.rules import NAMESPACE, SECRET_ENV


def load() -> Settings:
    """The settings of the stack that is being deployed. Raises one `UsageError` that names every wrong setting."""
    config = pulumi.Config(NAMESPACE.rstrip(":"))
    keys = {*runtime.CONFIG.get(), *runtime.get_config_env()}
    raw = {key: runtime.get_config(key) for key in keys}
    settings = parse(raw, {key for key in raw if _is_secret(key)}, pulumi.get_stack(), pulumi.get_project())
    settings._secret_env = _secret_env(config)
    return settings


def _secret_env(config: pulumi.Config) -> pulumi.Output[dict[str, str]]:
    """Secret unless empty: an empty one must not ask for the passphrase."""
    secrets = config.get_secret_object(SECRET_ENV) if config.get(SECRET_ENV) else None
    return pulumi.Output.from_input({}) if secrets is None else secrets.apply(_texts)


def _texts(value: Any) -> dict[str, str]:
    """As checked by parse(), which keeps no secret: here whole numbers become text."""
    return dict(Secrets.model_validate({SECRET_ENV: value}).secret_env)


def _is_secret(key: str) -> bool:
    return runtime.is_config_secret(key) or key in runtime.get_config_secret_keys_env()
