"""The showcase: a small, complete Flask app to launch, upgrade and roll back."""

import os
from collections.abc import Mapping

from flask import Flask
from flask_cors import CORS
from flask_migrate import Migrate  # type: ignore[import-untyped]
from werkzeug.middleware.proxy_fix import ProxyFix

from . import aids, api, database, errors, filters, health, pages
from .config import MIGRATIONS, Settings


def create_app(environ: Mapping[str, str] = os.environ) -> Flask:
    """The app that `environ` describes. Nothing connects here: it starts without its database."""
    app = Flask(__name__)
    settings = Settings.from_environment(environ)
    if settings.secret_key_is_random:
        app.logger.warning("SECRET_KEY is not set: a random one serves until this process ends; set it in a release.")
    app.config.update(
        SECRET_KEY=settings.secret_key,
        RELEASE=settings.release,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=database.engine_options(settings.database_url),
    )
    database.init_app(app)
    Migrate(app, database.db, directory=str(MIGRATIONS))
    # An empty list means nobody; without a list flask-cors would let everybody in.
    CORS(app, resources={r"/api/*": {"origins": list(settings.cors_origins)}})
    for blueprint in (pages.blueprint, api.blueprint, aids.blueprint, health.blueprint):
        app.register_blueprint(blueprint)
    errors.init_app(app)
    filters.init_app(app)
    # One hop: the front server. Only the headers such a front is sure to set itself; one it merely
    # passes on (X-Forwarded-Prefix, X-Forwarded-Port) would let visitors choose pages' addresses.
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)  # type: ignore[method-assign]
    return app
