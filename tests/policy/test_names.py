"""Which names say that a secret stands behind them."""

import pytest

from policy.rules import inputs

SECRET = (
    "PASSWORD DB_PASSWORD PGPASSWORD MYSQL_PWD SMTP_PASS dbPassword API_TOKEN AUTHTOKEN SECRET CLIENT_SECRET SECRET_KEY SECRET_KEY_BASE KEY"
)
SECRET += " API_KEY APIKEY API_KEY_2 SIGNING_KEY STRIPE_SECRET_KEY ENCRYPTION_KEY_OLD PRIVATE_KEY_PEM TOKEN_VALUE aws-secret-access-key"
HARMLESS = "SECRET_NAME KEYBOARD KEYS TOKEN_TTL TOKENS PASSWORD_FILE PASSWORD_HASHERS PUBLIC_KEY PUBLISHABLE_KEY SITE_KEY CACHE_KEY"
HARMLESS += " PWD PASS BYPASS SECRET_PATH AWS_ACCESS_KEY_ID KEY_ID MONKEY SECRETARY SECRETS_DIR PRIMARY_KEY _ 2 OLD"
INPUT = "password masterPassword passwordWo authToken clientSecret secretString privateKey privateKeyPem secretKey apiKey api_key"
NO_INPUT = (
    "key keyName publicKey hashKey kmsKeyId httpTokens masterUserSecretKmsKeyId domainAuthSecretArn passwordWoVersion getPasswordData tags"
)


@pytest.mark.parametrize("name", SECRET.split())
def test_a_variable_that_says_so(name: str) -> None:
    assert inputs.says_secret_variable(name)


@pytest.mark.parametrize("name", [*HARMLESS.split(), ""])
def test_a_variable_that_does_not(name: str) -> None:
    assert not inputs.says_secret_variable(name)


@pytest.mark.parametrize("name", INPUT.split())
def test_an_input_that_says_so(name: str) -> None:
    assert inputs.says_secret_input(name)


@pytest.mark.parametrize("name", [*NO_INPUT.split(), ""])
def test_an_input_that_does_not(name: str) -> None:
    assert not inputs.says_secret_input(name)
