"""`python -m tools.type_tables`: writes the tables in policy/resource_types/ from what a provider
publishes, or says when asked."""

import json
import sys
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from components.errors import SlipwayError, UsageError
from tools.type_tables import chosen, from_flags, from_schema, own, tags
from tools.type_tables.sdk import Sdk
from tools.type_tables.writing import Entry, write

Provider = Annotated[str, typer.Argument(help="Which table: aws, gcp, alicloud, docker.")]
SdkFolder = Annotated[Path, typer.Option("--sdk", help="The folder of the provider's Python SDK, such as site-packages/pulumi_aws.")]
Source = Annotated[str, typer.Option("--source", help="Where the file comes from, with its version.")]
app = typer.Typer(rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False, no_args_is_help=True, help=__doc__)


@app.command()
def schema(provider: Provider, file: Path, sdk: SdkFolder, source: Source) -> None:
    """From a package schema: `pulumi package get-schema NAME`."""
    read, found = _json(file), Sdk(sdk)
    known = _known(provider, set(read.get("resources", {})) & set(_with(found, provider)))
    unflagged = chosen.types(provider)
    verdicts = {token: from_schema.inputs(read, token, unflagged[token]) for token in known}
    entries = {token: Entry(one, tags.where(provider, found.inputs(token))) for token, one in verdicts.items()}
    write(provider, f"{source}; tags from {found.version}; {date.today()}", entries)


@app.command()
def flags(provider: Provider, file: Path, sdk: SdkFolder, source: Source) -> None:
    """From a list of each type's top-level inputs that replace; deeper ones from the SDK."""
    read, found = _json(file), Sdk(sdk)
    known = _known(provider, set(read) & set(_with(found, provider)))
    inputs, told = {token: found.inputs(token) for token in known}, chosen.types(provider)
    entries = {
        token: Entry(from_flags.inputs(read[token], inputs[token], told[token]), tags.where(provider, inputs[token])) for token in known
    }
    write(provider, f"{source}; nested inputs and tags from the documentation in {found.version}; {date.today()}", entries)


@app.command("own")
def own_table() -> None:
    """From components/providers.py: Slipway's own dynamic resources."""
    write(own.PROVIDER, own.SOURCE, own.entries())


def _json(file: Path) -> dict[str, Any]:
    try:
        read: dict[str, Any] = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise UsageError(f"{file}: wanted a JSON document, found: {error}") from error
    return read


def _with(sdk: Sdk, provider: str) -> list[str]:
    return [token for token in chosen.types(provider) if token in sdk]


def _known(provider: str, there: set[str]) -> list[str]:
    """The types that are chosen and there; prints those that aren't there."""
    for token in sorted(set(chosen.types(provider)) - there):
        print(f"{token}: not in both schema and SDK: left out", file=sys.stderr)
    return sorted(there)


if __name__ == "__main__":
    try:
        app()
    except SlipwayError as error:
        sys.exit(str(error))
