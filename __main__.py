"""The program: one app, on the target that the stack's config names."""

from components import settings, target

wanted = settings.load()
target.hook()
target.export(target.chosen(wanted).Target(wanted.app.name, wanted, target.place()))
