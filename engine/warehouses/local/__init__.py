"""Local Redshift: an embedded warehouse on DuckDB that takes Redshift SQL."""
