"""The commands of etlrun, one module each. `cli` knows them by name and imports only the one that is asked for."""
