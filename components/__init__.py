"""What exists: settings, releases, targets and the resources they are made of."""
