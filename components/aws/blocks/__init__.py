"""The building blocks on Amazon Web Services; `components.aws` names the public ones.

Types of Amazon's SDK are quoted in annotations: a part of it is imported as it is named, and takes
a tenth of a second."""
