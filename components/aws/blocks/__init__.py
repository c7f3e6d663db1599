"""The building blocks on Amazon Web Services; `components.aws` names the public ones."""
