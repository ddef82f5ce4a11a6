"""What Redshift takes and a careful person would not write: tables, COPYs, hooks, templates."""
