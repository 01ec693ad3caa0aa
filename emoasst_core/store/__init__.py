"""What a family keeps: sessions, timelines and shots in one SQLite file. SQL is written here and nowhere else."""
