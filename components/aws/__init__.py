"""Building blocks on Amazon Web Services, for any Pulumi program: each takes its own `Args` and says what it made."""
