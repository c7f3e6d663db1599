"""Every setting: its type, its default, what it means. docs/settings.md is made of this file."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import pulumi
from pydantic import Field, PrivateAttr

from components.settings import kinds
from components.settings.kinds import Model, number, setting

Environment = Mapping[Annotated[str, kinds.ENV_NAME], Annotated[str, kinds.ENV_VALUE]]


class Job(Model):
    """A job of slipway:app.cron"""

    schedule: Annotated[str, kinds.SCHEDULE] = Field(description="When, in the host's time zone (or that of `TZ` in `app.env`).")
    command: Annotated[str, kinds.COMMAND] = Field(description="What, by /bin/sh in the app's folder, one run at a time.")


class App(Model):
    """slipway:app"""

    name: Annotated[str, kinds.APP_NAME] = Field(description="Names what is made for the app: folders on hosts, resources, tags.")
    path: Annotated[str, kinds.PATH] = setting(".", "The app's folder, seen from the project folder.")
    module: Annotated[str, kinds.MODULE] | None = setting(
        None,
        "What to serve: `package.module:name`, or `package.module:factory()`, with literal arguments if it wants any. "
        "Behind `folder/` where Python is to look in that folder of the app's. Found if left out.",
    )
    python: Annotated[str, kinds.PYTHON] | None = setting(
        None, "The Python that runs the app; uv brings one that a host lacks. Any that the host has if left out."
    )
    requirements: Annotated[str, kinds.REQUIREMENTS] | None = setting(
        None, "What to install: `requirements/prod.txt`, or with extras and groups `pyproject.toml[web]`. Found if left out."
    )
    packages: tuple[Annotated[str, kinds.PACKAGE], ...] = setting(
        (), "Debian packages that hosts get before the app's requirements: `[libpq5, libmagic1]`."
    )
    build: Annotated[str, kinds.COMMAND] | None = setting(
        None, "Makes files of the app: run at `up`, by /bin/sh in its folder on this machine: `npm ci && npm run build`."
    )
    built: tuple[Annotated[str, kinds.FOLDER], ...] = setting(
        (), "What it makes and a release holds whatever `.gitignore` says: `[static/dist]`."
    )
    health_path: Annotated[str, kinds.HEALTH_PATH] = setting(
        "/", "A release goes live when this path, or the page it redirects to, answers 2xx."
    )
    health_host: Annotated[str, kinds.HEALTH_HOST] | None = setting(
        None, "The `Host` that the app's health is asked by, for an app that takes certain names alone. With a domain it is that."
    )
    start_timeout: Annotated[int, number(1, 600, "seconds")] = setting(
        30, "Seconds that a release may take until it answers: an app that imports for long takes more."
    )
    static: Mapping[Annotated[str, kinds.STATIC_URL], Annotated[str, kinds.FOLDER]] = setting(
        {}, "Folders of the app that the front server serves itself."
    )
    data: tuple[Annotated[str, kinds.FOLDER], ...] = setting(
        (), "Folders inside the app, and files of SQLite (`data.db`), that it may write: they outlive releases, and backups hold them."
    )
    release_command: Annotated[str, kinds.COMMAND] | None = setting(
        None, "Runs once for each release, on one host, before it goes live: database migrations. Any part of a pipe may fail it."
    )
    processes: Mapping[Annotated[str, kinds.PROCESS_NAME], Annotated[str, kinds.COMMAND]] = setting(
        {}, "Commands that are kept running beside the web server: workers, schedulers."
    )
    cron: Mapping[Annotated[str, kinds.JOB_NAME], Job] = setting(
        {}, "Jobs that run by the clock on one host: `nightly: {schedule: 0 3 * * *, command: flask clean}`."
    )
    env: Environment = setting({}, "Environment of the app, public. Whole numbers become text; write anything else in quotes.")


class Server(Model):
    """slipway:server"""

    kind: Literal["auto", "gunicorn", "uwsgi"] = setting(
        "auto", "The application server. `auto`: uwsgi, or gunicorn where a worker class is set."
    )
    worker_class: Literal["gthread", "sync", "gevent"] | None = setting(
        None, "How a gunicorn worker works; `gthread` if left out. No other server has this."
    )
    workers: Annotated[int | Literal["auto"], kinds.WORKERS] = setting(
        "auto", "Worker processes. `auto`: from the host's cores and memory, when the server starts."
    )
    threads: Annotated[int, number(1, 256)] = setting(
        128, "Requests that each worker answers at once, where it has threads: most of them wait for something."
    )
    timeout: Annotated[int, number(1, 3600, "seconds")] = setting(
        30, "Seconds that a request may take. Then a worker with one thread (gunicorn sync, uWSGI) ends, or the front gives up."
    )


class Http(Model):
    """slipway:http"""

    max_body: Annotated[int, kinds.SIZE] = setting(
        "20MB", "The largest request body, in bytes or with B, KB, MB, GB (thousands). 0: no limit."
    )
    cors: tuple[Annotated[str, kinds.ORIGIN], ...] = setting((), 'Origins that browsers may call the app from; `"*"` is all of them.')
    redirect_domains: tuple[Annotated[str, kinds.DOMAIN], ...] = setting(
        (), "Other names of the site, such as `example.com`: they lead to `slipway:domain`, with its certificate."
    )
    trusted_proxies: tuple[Annotated[str, kinds.PROXIES], ...] = setting(
        (), "Networks of proxies before the site, such as a CDN's: their `X-Forwarded-For`, `-Proto` and `-Port` are believed."
    )
    path: Annotated[str, kinds.STATIC_URL] | None = setting(
        None, "Where the app is mounted, such as `/shop` (its `SCRIPT_NAME`); what is beside that is 404."
    )
    allow: tuple[Annotated[str, kinds.NETWORK], ...] = setting(
        (), "Networks that alone come in, or come in without one of the passwords of `slipway:secretLogins`."
    )
    static_age: Annotated[int, number(0, 31_536_000, "seconds")] | None = setting(
        None, "How long browsers keep files of `app.static` without asking again. As they think best if left out."
    )
    error_pages: Annotated[str, kinds.FOLDER] | None = setting(
        None,
        "A folder of the app with pages for what the front server says: `502.html`, `503.html` (maintenance), `413.html`.",
    )
    snippet: Annotated[str, kinds.FILE] | None = setting(
        None, "A file with configuration in the front server's words, put into nginx's `server`, or Apache's file."
    )


class DatabaseSettings(Model):
    """slipway:database"""

    engine: Literal["none", "sqlite", "postgres", "mysql"] = setting(
        "none", "The app finds the database in DATABASE_URL, and in values of `app.env` that say `${database.url}` and the like."
    )
    placement: Literal["same-host", "own-host", "managed", "external"] = setting(
        "same-host", "Where the database runs. `external`: it is there already, and `slipway:secretEnv.DATABASE_URL` says where."
    )
    extensions: tuple[Annotated[str, kinds.EXTENSION], ...] = setting(
        (), "PostgreSQL's extensions that are made before the release command, such as `[citext, postgis]`."
    )
    app_may_migrate: Annotated[bool, kinds.SWITCH] = setting(
        False, "The app is the database's owner: for one that makes its tables as it starts. Else the release command alone is."
    )


class Tls(Model):
    """slipway:tls"""

    certificate: Annotated[str, kinds.FILE] | None = setting(
        None, "A file with a certificate of your own and those that lead to its authority (PEM); its key is `slipway:secretTls.key`."
    )
    directory: Annotated[str, kinds.ACME] = setting(
        "https://acme-v02.api.letsencrypt.org/directory",
        "The authority that gives the domain's certificate (ACME). That it does so means that its terms are agreed to.",
    )
    email: Annotated[str, kinds.EMAIL] | None = setting(None, "Where the authority writes to, if ever.")
    strict: Annotated[bool, kinds.SWITCH] = setting(
        False, "`true`: `up` fails while the domain has no certificate. `false`: it warns, and HTTP serves until there is one."
    )


class Waiver(Model):
    """An item of slipway:waivers"""

    rule: Annotated[str, kinds.RULE] = Field(description="Which rule (docs/policy.md) needn't be kept.")
    resource: Annotated[str, kinds.RESOURCE] | None = setting(
        None, "By what: a resource's name, or a setting such as `app.env.NAME`. Left out: by anything."
    )
    reason: Annotated[str, kinds.REASON] = Field(description="Why, for whoever reads the plan.")


class Settings(Model):
    """All settings of a stack."""

    target: Annotated[str, kinds.TARGET] = Field(
        description="Where the app is launched. The section of that name (`slipway:local`) holds the target's own settings."
    )
    app: App = Field(description="The app.")
    server: Server = setting(Server(), "The application server.")
    front: Literal["nginx", "apache"] = setting("nginx", "The web server before the application server, from a host's first release on.")
    manager: Literal["supervisor", "systemd"] = setting("supervisor", "What keeps a server's processes running, from its first release on.")
    http: Http = setting(Http(), "What the front server lets through.")
    database: DatabaseSettings = setting(DatabaseSettings(), "The app's database.")
    domain: Annotated[str, kinds.DOMAIN] | None = setting(None, "The name under which the app is reached; TLS follows from it.")
    tls: Tls = setting(Tls(), "The domain's certificate.")

    keep_data: Annotated[bool, kinds.SWITCH] = setting(
        True, "Clouds: what holds data is protected, and stays when all else is removed. `false`, then an `up`: it goes too."
    )
    last_snapshot: Annotated[bool, kinds.SWITCH] = setting(
        True, "Clouds: a database that goes leaves a last snapshot. May be `false` with `keepData: false`, from the first `up` on."
    )
    waivers: tuple[Waiver, ...] = setting(
        (), "Rules that this stack doesn't keep on purpose: `[{rule: ssh-closed, resource: web, reason: a lab}]`."
    )

    _sections: dict[str, Any] = PrivateAttr(default_factory=dict)
    """The sections of targets, as read, by the target's name; `target_options` checks one."""
    _stack: str = PrivateAttr("")
    _secret_names: frozenset[str] = PrivateAttr(frozenset())
    _logins: tuple[str, ...] = PrivateAttr(())
    _certificate: str = PrivateAttr("")
    _secret_env: pulumi.Output[dict[str, str]] | None = PrivateAttr(None)

    @property
    def stack(self) -> str:
        """The stack's own name, without organisation and project."""
        return self._stack

    @property
    def given(self) -> frozenset[str]:
        """The names of the app's environment, public and secret."""
        return self._secret_names | {*self.app.env}

    @property
    def logins(self) -> tuple[str, ...]:
        """The names of those who come in with a password."""
        return self._logins

    @property
    def certificate(self) -> str:
        """The text of `tls.certificate`, empty without one; only settings of `load()` have it."""
        if self.tls.certificate and not self._certificate:
            raise RuntimeError("certificate is for the running program; these settings come from parse()")
        return self._certificate

    @property
    def secret_env(self) -> pulumi.Output[dict[str, str]]:
        """The secret environment, with the installer's, the passwords of those who come in, a
        registry's login and the certificate's key under the names of the manifest's contract.

        Only settings of `load()`, in a running program, have one."""
        if self._secret_env is None:
            raise RuntimeError("secret_env is for the running program; these settings come from parse()")
        return self._secret_env


class Secrets(Model):
    """What is checked of secrets; their values never stay in a model."""

    secret_env: Environment = setting(
        {}, "Environment of the app, encrypted: `pulumi config set --secret --path 'slipway:secretEnv.NAME' VALUE`."
    )
    secret_install: Environment = setting(
        {}, "What the installer of requirements alone is told, encrypted: `PIP_EXTRA_INDEX_URL`, a token that they call `${NAME}`."
    )
    secret_logins: Mapping[Annotated[str, kinds.LOGIN], Annotated[str, kinds.ENV_VALUE]] = setting(
        {}, "Passwords by name, encrypted, without one of which nobody sees the site (HTTP's own log-in)."
    )
    secret_registry: Mapping[Annotated[str, kinds.REGISTRY_SECRET], Annotated[str, kinds.ENV_VALUE]] = setting(
        {}, "`user` and `password` for the registry of images that the target names, encrypted. Left out: as its client is logged in."
    )
    secret_tls: Mapping[Annotated[str, kinds.TLS_SECRET], Annotated[str, kinds.ENV_VALUE]] = setting(
        {}, "`key`: the key of `tls.certificate` (PEM), encrypted: `pulumi config set --secret --path slipway:secretTls.key < key.pem`."
    )
