"""etlrun: declarative pipelines for Amazon Redshift."""

__version__ = "0.1.0"
