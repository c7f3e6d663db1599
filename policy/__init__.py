"""Rules that every plan must keep, as pure functions over a recorded plan; also a Pulumi policy pack."""
