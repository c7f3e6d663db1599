"""The building blocks on Amazon Web Services, for any program; `components.aws` names the public ones."""
