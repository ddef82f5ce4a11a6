"""What a SELECT means against the declared tables: what is wrong with it, and what its columns are made of."""
