"""Local Redshift on a port: the PostgreSQL v3 protocol, spoken as Redshift speaks it, in front of any session."""
