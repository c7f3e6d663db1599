"""What comes before the first `up`: programs of this machine, and the stack file of an app."""
