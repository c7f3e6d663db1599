"""The command line around Pulumi, and the engine that runs the same program in process."""
