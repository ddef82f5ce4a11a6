"""The places where a plan can run."""
