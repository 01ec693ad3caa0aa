"""Each change of the tables since the first version, one module per topic; `schema.MIGRATIONS` gives their order."""
