"""Servers reached by SSH: connections whose host keys are verified, settings, store, set-up."""
