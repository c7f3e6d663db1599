"""The program: one app, on the target that the stack's config names."""

from components import settings, target

chosen = settings.load()
outputs = target.find(chosen.target).deploy(chosen, target.place())
target.export(outputs)
